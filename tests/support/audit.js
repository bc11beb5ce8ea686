// Returns what keeps the page from being read by everyone; an empty list is well.
(() => {
  const wrong = [];
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]);
  if (levels.filter(l => l === 1).length !== 1) wrong.push('not one h1');
  levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) wrong.push('h' + l + ' after h' + levels[i - 1]); });
  for (const name of ['header', 'main', 'nav'])
    if (!document.querySelector(name)) wrong.push('no ' + name);
  if (!document.documentElement.lang || !document.title) wrong.push('no language or title');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id twice');
  for (const a of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(a.hash.slice(1))) wrong.push('dead link ' + a.hash);
  for (const e of document.querySelectorAll('[aria-labelledby]'))
    if (!document.getElementById(e.getAttribute('aria-labelledby'))) wrong.push('no label ' + e.id);
  for (const e of document.querySelectorAll('nav,[role=region],svg[role=img]'))
    if (!e.getAttribute('aria-label')) wrong.push('no name: ' + e.outerHTML.slice(0, 60));
  for (const th of document.querySelectorAll('th'))
    if (!th.scope) wrong.push('th without scope: ' + th.textContent);
  for (const t of document.querySelectorAll('table'))
    if (!t.querySelector('thead th')) wrong.push('table without heads');
  for (const e of document.querySelectorAll('.scroll'))
    if (e.tabIndex !== 0) wrong.push('scrolls without a keyboard');
  for (const e of document.querySelectorAll('details')) if (!e.querySelector(':scope > summary')) wrong.push('no summary');
  if (document.querySelector('script,iframe,img,object,link[rel=stylesheet]')) wrong.push('a foreign element');
  return wrong;
})()
