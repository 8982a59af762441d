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
  test('passes effects that keep the order of each account, whatever the order of the accounts', () => {
    expect(judgeLog({ committed, effects: ['b@1', 'a@1', 'b@2', 'a@2', 'a@3'] })).toEqual(clean)
  })

  test('misses what has no effect', () => {
    expect(judgeLog({ committed, effects: ['a@1', 'a@3', 'b@2'] })).toEqual({
      ...clean,
      lost: ['a@2', 'b@1'],
    })
  })

  test('misses nothing that was set aside', () => {
    expect(
      judgeLog({ committed, effects: ['a@1', 'b@1', 'b@2'], setAside: new Set(['a@2']) }),
    ).toEqual({ ...clean, lost: ['a@3'] })
  })

  test('finds an effect that came after one of a later version', () => {
    expect(judgeLog({ committed, effects: ['a@1', 'a@3', 'b@1', 'a@2', 'b@2'] })).toEqual({
      ...clean,
      outOfOrder: ['a@2'],
    })
    expect(
      judgeLog({ committed, effects: ['a@3', 'a@1', 'a@2', 'b@1', 'b@2'] }).outOfOrder,
    ).toEqual(['a@1', 'a@2'])
  })

  test('finds a second effect, and the effect of what was rolled back', () => {
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

  test('passes what is held as the table has it', () => {
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

  test('finds what is older, missing or made up', () => {
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
