// Before anything is painted: the look somebody chose, so that the page does not flash. Without a choice it is the system's.
try {
  const chosen = localStorage.getItem('claviger.theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
} catch {
  // A browser that keeps nothing: the system's look.
}
