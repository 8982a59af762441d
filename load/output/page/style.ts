const light = [
  '#0969da',
  '#bc4c00',
  '#1a7f37',
  '#8250df',
  '#bf3989',
  '#57606a',
  '#9a6700',
  '#0b7d8a',
]
const dark = [
  '#58a6ff',
  '#ffa657',
  '#56d364',
  '#d2a8ff',
  '#ff8ecb',
  '#b1bac4',
  '#e3b341',
  '#5fd4e0',
]

/** The style of the page, in light and in dark. */
export const style = `
:root { color-scheme: light dark; --ink: #1f2328; --faint: #59636e; --paper: #ffffff;
  --grid: #d8dee4; --band: #9a670026; --bad: #b42318; --good: #1a7f37; ${variables(light)} }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #9ba4ae; --paper: #0d1117; --grid: #30363d; --band: #e3b34133;
    --bad: #ff7b72; --good: #56d364; ${variables(dark)} }
}
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
p.note, figcaption small { color: var(--faint) }
.met { color: var(--good) } .broken { color: var(--bad); font-weight: 600 }
.unmeasured { color: var(--faint) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--grid); text-align: right;
  white-space: nowrap }
th:first-child, td:first-child { text-align: left }
figure { margin: 1.5rem 0 } figcaption { font-weight: 600 }
figure > svg { display: block; width: 100%; height: auto }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
svg .tick { fill: var(--faint) } svg .grid { stroke: var(--grid); fill: none }
svg .band rect { fill: var(--band) }
svg .band text { fill: var(--faint); font-size: 10px; text-anchor: end }
.line { stroke-width: 1.6; fill: none } .line path, path.line { fill: none }
.dashed { stroke-dasharray: 5 3 }
${light.map((_, place) => `.line-${place} { stroke: var(--line-${place}) }`).join('\n')}
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; list-style: none; margin: 0.3rem 0;
  padding: 0; font-size: 13px }
.legend svg { width: 24px; height: 8px; margin-right: 0.35rem; vertical-align: middle }
`

function variables(colors: readonly string[]): string {
  return colors.map((color, place) => `--line-${place}: ${color};`).join(' ')
}
