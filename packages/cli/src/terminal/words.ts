/** A whole number with its thousands apart. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A number of things in words. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** A duration in its largest two units: `3 d 4 h`, `12 s`, `8 ms`. */
export function duration(ms: number): string {
  const at = units.findIndex(([, size]) => ms >= size)
  const [unit, size] = units[at] ?? []
  if (unit === undefined || size === undefined) return `${Math.round(ms)} ms`
  if (unit === 's') return `${ms < 10_000 ? Math.round(ms / 100) / 10 : Math.round(ms / 1_000)} s`
  const [nextUnit, nextSize] = units[at + 1] ?? ['s', 1_000]
  const rest = Math.floor((ms % size) / nextSize)
  return `${Math.floor(ms / size)} ${unit}${rest === 0 ? '' : ` ${rest} ${nextUnit}`}`
}

/** A text of somebody else as one line, without what would steer a terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

/** A number of bytes, rounded. */
export function bytes(value: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = value < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log10(value) / 3))
  const scaled = value / 1_000 ** power
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : String(Math.round(scaled))} ${names[power] ?? ''}`
}

/** A moment in UTC, to the second. */
export function moment(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
