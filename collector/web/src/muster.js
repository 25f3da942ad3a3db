// What makes pages pleasant; every page works without it.
import htmx from 'htmx.org';
import './focus.js';
import './keys.js';
import './live.js';
import './panel.js';
import './sql.js';
import { settle } from './settle.js';

window.htmx = htmx;
settle(document);
// A form far down that was refused is looked for by nobody at the top.
const wrong = document.querySelector('main .askform [aria-invalid="true"], main .askform .bad');
if (wrong) { wrong.scrollIntoView({ block: 'center' }); wrong.focus?.({ preventScroll: true }); }
document.addEventListener('htmx:afterSwap', e => settle(e.detail.target ?? document));
