// Charts that one can zoom. Their numbers are in the page; times come as the
// office reads them.
import uPlot from 'uplot';

const probe = document.createElement('i'); probe.hidden = true; document.body.append(probe);
const color = n => { probe.style.color = `var(${n})`; return getComputedStyle(probe).color; };
const font = s => `${s} "Public Sans", system-ui, sans-serif`;
const drawn = new Map();

export function draw() {
  for (const [el, u] of drawn) { u.destroy(); drawn.delete(el); }
  document.querySelectorAll('[data-chart]').forEach(el => {
    const src = document.getElementById(el.dataset.chart);
    if (!src) return;
    const d = JSON.parse(src.textContent);
    const ink = color('--ink-2'), grid = color('--grid');
    const tones = [color('--c1'), color('--c2'), color('--c3')], dash = [[], [7, 4], [2, 3]];
    const scaled = v => { let i = 0; while (Math.abs(v) >= 1000 && i < 4) { v /= 1000; i++; } return `${+v.toFixed(v < 10 ? 1 : 0)} ${['', 'k', 'M', 'G', 'T'][i]}${d.scale}`; };
    const say = v => v == null ? '–' : d.scale ? scaled(v) : `${Math.abs(v) >= 100 ? v.toFixed(0) : +v.toFixed(1)}${d.unit ?? ''}`;
    const axis = { stroke: ink, font: font('12px'), grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const read = el.parentElement.querySelector('[data-read]');
    const soft = c => c.replace('rgb(', 'rgba(').replace(')', ', .09)');
    const u = new uPlot({
      width: el.clientWidth, height: d.h ?? 130, padding: [8, 18, 0, 0], legend: { show: false },
      cursor: { sync: { key: d.sync }, points: { size: 7 }, drag: { x: true, y: false }, y: false },
      scales: { x: { time: true, min: d.from, max: d.to }, y: { range: d.range ? () => d.range : (_, lo, hi) => [Math.min(0, lo), hi > 0 ? hi * 1.1 : 1] } },
      axes: [
        { ...axis, size: 24, gap: 6, splits: u => (u.width < 560 ? d.xs.filter((_, i) => i % 2 === 0) : d.xs).map(v => v[0]), values: (_, s) => s.map(t => (d.xs.find(v => v[0] === t) ?? ['', ''])[1]) },
        { ...axis, size: 56, values: (_, v) => v.map(say) },
      ],
      series: [{}, ...d.series.map((s, i) => ({ label: s.name, stroke: tones[i % 3], width: 1.75, dash: dash[i % 3], fill: d.series.length === 1 ? soft(tones[0]) : undefined, spanGaps: false, points: { show: false } }))],
      hooks: {
        setCursor: [u => {
          if (!read) return;
          const i = u.cursor.idx;
          if (i == null) { read.textContent = read.dataset.read; return; }
          const at = new Date(d.x[i] * 1000).toLocaleString([], { weekday: 'short', hour: 'numeric', minute: '2-digit' });
          read.textContent = d.series.map((s, k) => `${d.series.length > 1 ? s.name + ' ' : ''}${say(u.data[k + 1][i])}`).join(' · ') + ', ' + at;
        }],
      },
    }, [d.x, ...d.series.map(s => s.y)], el);
    drawn.set(el, u);
  });
}

let t;
addEventListener('resize', () => { clearTimeout(t); t = setTimeout(draw, 150); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
