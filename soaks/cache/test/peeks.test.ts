import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judge } from '../judge.ts'
import { Ledger, type Note, nowNs, packNotes, readNotes } from '../ledger.ts'
import { Peeks } from '../near/peeks.ts'
import { rowCount } from '../rows.ts'
import type { Subject } from '../subject.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-peeks-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** A subject that keeps one version of every row, and what judges its reads. */
function peeking(file: string) {
  const path = join(directory, file)
  const ledger = new Ledger(path, 1)
  const kept = { version: 1 }
  const peeks = Peeks.of({ peek: () => kept.version } as Partial<Subject> as Subject, ledger)
  const commits: Note[] = []
  return {
    kept,
    read: () => peeks?.burst(),
    /** Every row has a new version, and none is kept. */
    commit: (version: number) => {
      for (let key = 0; key < rowCount; key += 1)
        for (const kind of ['updated', 'committed'] as const)
          commits.push({ kind, key, version: version + key, beganAt: nowNs(), endedAt: nowNs() })
    },
    judged: () => {
      peeks?.flush()
      ledger.close()
      return judge([packNotes('writer-0', commits), readNotes('reader-0', path)])
    },
  }
}

test('A stale read is found among reads of the same version that began before it', () => {
  const { read, commit, judged } = peeking('stale')
  for (let bursts = 0; bursts < 20; bursts += 1) read()
  commit(100)
  read()
  expect(judged().staleReads).toBeGreaterThan(0)
})

test('Reads that end before a commit, or return its version, are not found', () => {
  const { kept, read, commit, judged } = peeking('fresh')
  for (let bursts = 0; bursts < 20; bursts += 1) read()
  commit(100)
  kept.version = 1_000
  read()
  const { reads, staleReads } = judged()
  expect(staleReads).toBe(0)
  expect(reads).toBeLessThan(20 * rowCount)
})

test('A version that is returned again after a newer one is found', () => {
  const { kept, read, commit, judged } = peeking('back')
  read()
  kept.version = 1_000
  commit(100)
  read()
  kept.version = 1
  read()
  expect(judged().staleReads).toBeGreaterThan(0)
})
