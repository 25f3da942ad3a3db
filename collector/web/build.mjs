// Makes dist/ from src/: the sheet of styles, the scripts, the fonts, each under a
// name that its content decides, and manifest.json, which says which is which.
import * as esbuild from 'esbuild';
import * as sass from 'sass';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const at = (...p) => path.join(here, ...p);
for (const name of fs.readdirSync(at('dist'))) if (name !== 'README.md') fs.rmSync(at('dist', name), { recursive: true });
fs.mkdirSync(at('build'), { recursive: true });

const system = sass.compile(at('src/uswds.scss'), {
  loadPaths: [at('node_modules/@uswds/uswds/packages')],
  silenceDeprecations: ['import', 'global-builtin', 'mixed-decls', 'color-functions', 'if-function', 'legacy-js-api', 'abs-percent'],
  quietDeps: true,
  logger: sass.Logger.silent,
});
// Fonts are declared by muster.css, of two weights only.
fs.writeFileSync(at('build/uswds.css'), system.css.replace(/@font-face\s*\{[^}]*\}/g, ''));

const out = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ['src/muster.css', 'src/muster.js', 'src/charts.js', 'src/theme.js'],
  bundle: true, minify: true, metafile: true, legalComments: 'none',
  format: 'esm', outdir: 'dist', entryNames: '[name]-[hash]', assetNames: '[name]-[hash]',
  publicPath: '/assets',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  loader: { '.woff2': 'file', '.svg': 'file', '.png': 'file' },
});

const files = {};
for (const [file, o] of Object.entries(out.metafile.outputs)) {
  const name = path.basename(file);
  const from = o.entryPoint ?? Object.keys(o.inputs)[0];
  files[path.basename(from)] = name;
}
fs.writeFileSync(at('dist/manifest.json'), JSON.stringify(files, null, 1) + '\n');
for (const name of fs.readdirSync(at('dist')).sort()) console.log(String(fs.statSync(at('dist', name)).size).padStart(8), name);
