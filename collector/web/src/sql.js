// The editor of SQL: Ctrl and Enter ask, names beside it go where one writes.
import { say } from './words.js';
const box = document.querySelector('textarea[data-sql]');
if (box) {
  box.addEventListener('keydown', e => {
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); box.form.requestSubmit(box.form.querySelector('button[type="submit"]')); }
  });
  document.querySelectorAll('.schema li code').forEach(c => {
    const b = document.createElement('button');
    b.type = 'button'; b.textContent = c.textContent; b.title = c.title || say('Write it into the question');
    b.addEventListener('click', () => { box.setRangeText(c.textContent, box.selectionStart, box.selectionEnd, 'end'); box.focus(); });
    c.replaceWith(b);
  });
}
