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
document.addEventListener('htmx:afterSwap', e => settle(e.detail.target ?? document));
