import { expect, test } from 'vitest'
import { type Diagnostic, Diagnostics, logDiagnostics, type LogLevel } from '@headwater/core'

/** A logger that keeps what it is given. */
function keptLines() {
  const lines: [LogLevel, object, string][] = []
  const at = (level: LogLevel) => (fields: object, message: string) => {
    lines.push([level, fields, message])
  }
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { lines, logger }
}

test('A listener of everything hears each diagnostic with its name, until it stops', () => {
  const diagnostics = new Diagnostics()
  const heard: Diagnostic[] = []
  const stop = diagnostics.onAny((diagnostic) => {
    heard.push(diagnostic)
  })
  expect(diagnostics.isHeard('cache:hit')).toBe(true)
  diagnostics.emit('cache:hit', { cache: 'course', count: 1 })
  stop()
  diagnostics.emit('cache:hit', { cache: 'course', count: 2 })
  expect(heard).toEqual([{ name: 'cache:hit', event: { cache: 'course', count: 1 } }])
  expect(diagnostics.isHeard('cache:hit')).toBe(false)
})

test('A listener of everything that throws is reported once and harms nobody else', () => {
  const diagnostics = new Diagnostics()
  const failures: string[] = []
  diagnostics.onAny(() => {
    throw new Error('full disk')
  })
  diagnostics.on('diagnostics:listener-failed', ({ name }) => failures.push(name))
  diagnostics.emit('cache:hit', { cache: 'course', count: 1 })
  expect(failures).toEqual(['cache:hit'])
})

test('Outages are logged as warnings, losses as errors, and hits not at all', () => {
  const diagnostics = new Diagnostics()
  const { lines, logger } = keptLines()
  logDiagnostics(diagnostics, logger)
  const error = new Error('gone')
  diagnostics.emit('cache:hit', { cache: 'course', count: 1 })
  diagnostics.emit('cache:bypass', { cache: 'course', reason: 'redis is down' })
  diagnostics.emit('outbox:dead', { sink: 'webhook', eventId: '5', error })
  expect(lines).toEqual([
    ['warn', { cache: 'course', reason: 'redis is down' }, 'cache:bypass'],
    ['error', { sink: 'webhook', eventId: '5', error }, 'outbox:dead'],
  ])
  expect(diagnostics.isHeard('cache:hit')).toBe(false)
})

test('What a healthy day brings, a writer or an audit that finds nothing, is logged at debug alone', () => {
  const diagnostics = new Diagnostics()
  const everything = keptLines()
  const usual = keptLines()
  logDiagnostics(diagnostics, everything.logger, { level: 'debug' })
  logDiagnostics(diagnostics, usual.logger)
  diagnostics.emit('cache:bypass', { cache: 'course', reason: 'held' })
  diagnostics.emit('near:audit', { cache: 'course', isStale: false })
  expect(everything.lines.map(([level]) => level)).toEqual(['debug', 'debug'])
  expect(usual.lines).toEqual([])
  diagnostics.emit('near:audit', { cache: 'course', isStale: true })
  expect(usual.lines.map(([level]) => level)).toEqual(['warn'])
})

test('With the level debug every hit is logged, and nothing after the end', () => {
  const diagnostics = new Diagnostics()
  const { lines, logger } = keptLines()
  const stop = logDiagnostics(diagnostics, logger, { level: 'debug' })
  diagnostics.emit('cache:hit', { cache: 'course', count: 1 })
  stop()
  diagnostics.emit('cache:hit', { cache: 'course', count: 1 })
  expect(lines.map(([level, , message]) => [level, message])).toEqual([['debug', 'cache:hit']])
})
