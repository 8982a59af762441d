import { expect, test } from 'vitest'
import { readCommandLine } from '../command-line.ts'

test('Every option has a default', () => {
  expect(readCommandLine([])).toEqual({
    seconds: 300,
    rate: 50,
    warmUpSeconds: 10,
    seed: 1,
    maxInFlight: 500,
    maxLagMs: 25,
    faults: 'default',
    sloFile: undefined,
    isKnee: false,
    stepSeconds: 15,
    isJson: false,
    reportFile: undefined,
  })
})

test('Minutes may be parts of one, and what is no number is refused by name', () => {
  const args = ['--minutes', '0.1', '--rate', '2.5', '--knee', '--faults', 'none', '--json']
  expect(readCommandLine(args)).toMatchObject({
    seconds: 6,
    rate: 2.5,
    isKnee: true,
    faults: 'none',
    isJson: true,
  })
  expect(() => readCommandLine(['--minutes', 'ten'])).toThrow('--minutes')
  expect(() => readCommandLine(['--rate', '0'])).toThrow('--rate')
  expect(() => readCommandLine(['--rates', '5'])).toThrow('--rates')
})
