import { describe, expect, test } from 'vitest'
import { type Committed, judgeLog, judgeState } from '../judge.ts'

/** An event of an account, named `account@version`. */
function event(name: string): Committed {
  const [account = '', version] = name.split('@')
  return { name, account, version: Number(version) }
}

const committed = ['a@1', 'a@2', 'a@3', 'b@1', 'b@2'].map(event)
const clean = { lost: [], outOfOrder: [], duplicates: [] }

describe('the judge of a log sink', () => {
  test('Effects in the order of each account pass, whatever the order of the accounts', () => {
    expect(judgeLog({ committed, effects: ['b@1', 'a@1', 'b@2', 'a@2', 'a@3'] })).toEqual(clean)
  })

  test('A committed event without an effect is lost', () => {
    expect(judgeLog({ committed, effects: ['a@1', 'a@3', 'b@2'] })).toEqual({
      ...clean,
      lost: ['a@2', 'b@1'],
    })
  })

  test('An event that was set aside is not lost', () => {
    expect(
      judgeLog({ committed, effects: ['a@1', 'b@1', 'b@2'], setAside: new Set(['a@2']) }),
    ).toEqual({ ...clean, lost: ['a@3'] })
  })

  test('An effect after one of a later version is out of order', () => {
    expect(judgeLog({ committed, effects: ['a@1', 'a@3', 'b@1', 'a@2', 'b@2'] })).toEqual({
      ...clean,
      outOfOrder: ['a@2'],
    })
    expect(
      judgeLog({ committed, effects: ['a@3', 'a@1', 'a@2', 'b@1', 'b@2'] }).outOfOrder,
    ).toEqual(['a@1', 'a@2'])
  })

  test('A second effect, and an effect of a rolled-back change, are duplicates', () => {
    expect(
      judgeLog({ committed, effects: ['a@1', 'a@2', 'a@1', 'c@1', 'a@3', 'b@1', 'b@2'] }),
    ).toEqual({ ...clean, duplicates: ['a@1', 'c@1'] })
  })
})

describe('the judge of a state sink', () => {
  const table = new Map([
    ['a', '3:30'],
    ['b', '2:20'],
  ])

  test('States that equal the table pass', () => {
    expect(
      judgeState(
        table,
        new Map([
          ['b', '2:20'],
          ['a', '3:30'],
        ]),
      ),
    ).toEqual([])
  })

  test('States that are older than the table, missing or invented are found', () => {
    expect(
      judgeState(
        table,
        new Map([
          ['a', '2:10'],
          ['c', '1:1'],
        ]),
      ),
    ).toEqual(['a', 'b', 'c'])
  })
})
