// The front of a device: one tab stop, arrows follow the metal, and the table
// below narrows down while one writes.
function roving(panel) {
  const all = [...panel.querySelectorAll('a.p')];
  if (!all.length) return;
  const first = panel.querySelector('[aria-current]') ?? all[0];
  all.forEach(a => { a.tabIndex = a === first ? 0 : -1; });
  const go = (from, to) => { if (!to) return; from.tabIndex = -1; to.tabIndex = 0; to.focus(); };
  panel.addEventListener('keydown', e => {
    const at = document.activeElement, block = at.closest('.blk');
    const step = { ArrowRight: 2, ArrowLeft: -2, ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!block || !step || !all.includes(at)) return;
    e.preventDefault();
    const here = [...block.querySelectorAll('a.p')], i = here.indexOf(at);
    if (Math.abs(step) === 1) { // within the column
      if ((i % 2 === 0) === (step === 1)) go(at, here[i + step]);
      return;
    }
    if (here[i + step]) { go(at, here[i + step]); return; }
    // On to the next block, in the same row.
    const blocks = [...panel.querySelectorAll('.blk')], next = blocks[blocks.indexOf(block) + Math.sign(step)];
    if (!next) return;
    const there = [...next.querySelectorAll('a.p')].filter((_, k) => k % 2 === i % 2);
    go(at, step > 0 ? there[0] : there[there.length - 1]);
  });
  panel.addEventListener('click', e => {
    const a = e.target.closest('a.p');
    if (!a) return;
    all.forEach(x => { x.removeAttribute('aria-current'); x.tabIndex = -1; });
    a.setAttribute('aria-current', 'true'); a.tabIndex = 0;
  });
}

function narrowing(input) {
  const rows = [...document.querySelectorAll(input.dataset.filter)];
  input.addEventListener('input', () => {
    const want = input.value.trim().toLowerCase();
    rows.forEach(r => { r.hidden = want !== '' && !r.textContent.toLowerCase().includes(want); });
  });
}

document.querySelectorAll('[data-roving]').forEach(roving);
document.querySelectorAll('input[data-filter]').forEach(narrowing);
