const grouped = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

export function number(value: number): string {
  return grouped.format(value)
}

export function percent(share: number): string {
  return `${short.format(share * 100)} %`
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

/** A duration in its largest unit: `1.5 h`. */
export function duration(ms: number): string {
  const [size, unit] = units.find(([least]) => ms >= least) ?? [1, 'ms']
  return `${short.format(ms / size)} ${unit}`
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`
  if (count < 1_048_576) return `${short.format(count / 1_024)} KiB`
  return `${short.format(count / 1_048_576)} MiB`
}

export function timeOfDay(atMs: number): string {
  return clock.format(atMs)
}

export function dateAndTime(atMs: number): string {
  return moment.format(atMs)
}

export function day(atMs: number): string {
  return date.format(atMs)
}

/** `1 event`, `12 events`. */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}
