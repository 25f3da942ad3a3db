// Runs before the first paint: the theme that this browser chose last.
try {
  const t = localStorage.getItem('theme');
  if (t === 'light' || t === 'dark') document.documentElement.dataset.theme = t;
} catch { /* storage is off: the system's theme */ }
