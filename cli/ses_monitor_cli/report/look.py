"""The page's own style and script: fixed texts of ours, whose hashes are all that its policy lets run."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --box: #f6f8fa;
  --good: #116329; --warn: #7d4e00; --bad: #a40e26; --dark: #6e40aa; --info: #0550ae; --mark: #fff1f0; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --soft: #a0a9b4; --rule: #3a424c;
  --box: #161b22; --good: #6fdd8b; --warn: #f0b849; --bad: #ff9492; --dark: #d2a8ff; --info: #79c0ff;
  --mark: #2c1618; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: .25rem 0 .5rem; max-width: 50rem; }
a { color: var(--info); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; margin: .75rem 0 0; }
.soft, figcaption span { color: var(--soft); }
.answer { font-size: 1.2rem; font-weight: 600; border-left: .3rem solid var(--info); padding-left: .75rem;
  margin: 1rem 0; }
.late { color: var(--warn); font-weight: 600; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); font-weight: 600; }
.dark { color: var(--dark); } .info { color: var(--info); }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: .4rem; }
.scroll:focus-visible { outline: 2px solid var(--info); }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid var(--rule);
  overflow-wrap: normal; }
thead th { border-top: 0; background: var(--box); white-space: nowrap; }
tbody th { font-weight: 600; background: var(--paper); min-width: 11rem; max-width: 16rem; overflow-wrap: anywhere; }
td.name { min-width: 11rem; overflow-wrap: anywhere; } td.wide { min-width: 13rem; }
td.number { text-align: right; white-space: nowrap; }
td p { margin: 0; } td strong, td.short { white-space: nowrap; }
td ul { list-style: none; margin: 0; padding: 0; min-width: 9.5rem; }
caption { text-align: left; padding: .4rem .6rem; color: var(--soft); }
article { border: 1px solid var(--rule); border-left-width: .3rem; border-radius: .4rem; padding: .75rem 1rem;
  margin: 0 0 1rem; }
article.bad { border-left-color: var(--bad); font-weight: inherit; color: inherit; }
article.warn { border-left-color: var(--warn); color: inherit; }
article.info { border-left-color: var(--info); color: inherit; }
article ol { margin: .25rem 0 0; padding-left: 1.4rem; }
article li { margin: .3rem 0; }
pre { background: var(--box); border: 1px solid var(--rule); border-radius: .3rem; padding: .5rem .6rem;
  margin: .3rem 0; font: .85rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
button, input { font: inherit; font-size: .85rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--soft); border-radius: .3rem; padding: .15rem .6rem; }
input { width: 100%; max-width: 22rem; padding: .35rem .6rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid var(--rule); border-radius: .4rem; padding: .5rem; }
figcaption { font-weight: 600; font-size: .9rem; } figcaption span { font-weight: 400; }
svg { display: block; width: 100%; height: auto; max-width: 30rem; }
svg text { font: 9px system-ui, sans-serif; fill: var(--soft); }
.axis { stroke: var(--rule); } .limit { stroke: var(--warn); stroke-dasharray: 4 3; } .limit1 { stroke: var(--bad); }
.course { fill: none; stroke: var(--info); stroke-width: 1.8; }
.point, .bar { fill: var(--info); }
.course-of { margin-bottom: 1.75rem; } details { margin: .5rem 0; } summary { cursor: pointer; }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --rule: #bbb; --box: #f6f8fa; --good: #116329;
  --warn: #7d4e00; --bad: #a40e26; --dark: #6e40aa; --info: #0550ae; }
  body { max-width: none; padding: 0; font-size: 11px; } button, input, label, nav { display: none; }
  .scroll { overflow: visible; } article, figure, tr { break-inside: avoid; } }
"""

SCRIPT = """
for (const block of document.querySelectorAll('pre')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(block);
      button.textContent = 'Selected: press Ctrl+C';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  block.after(button);
}
const filter = document.getElementById('filter');
if (filter) {
  filter.closest('p').hidden = false;
  filter.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const each of document.querySelectorAll('[data-filtered]'))
      each.hidden = !each.textContent.toLowerCase().includes(wanted);
  });
}
"""


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; base-uri 'none'; form-action 'none'"
)
"""Nothing is loaded from anywhere, and no other style or script is heeded, whatever might slip in."""
