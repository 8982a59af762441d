import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  isReachableByOthers,
  publicTemporaryDirectory,
  serverDirectory,
} from '../../src/servers/temporary-directory.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(await publicTemporaryDirectory(), 'headwater-test-'))
})
afterEach(() => rm(root, { recursive: true }))

test('A directory is out of reach of other users when any parent is closed to them', async () => {
  const inner = join(root, 'open', 'inner')
  await mkdir(inner, { recursive: true, mode: 0o755 })
  expect(await isReachableByOthers(inner)).toBe(false)
  await chmod(root, 0o755)
  expect(await isReachableByOthers(inner)).toBe(true)
})

test('An absent directory is out of reach', async () => {
  expect(await isReachableByOthers(join(root, 'missing'))).toBe(false)
})

test('The directory of a server is closed to other users', async () => {
  const dir = await serverDirectory('test')
  expect((await stat(dir)).mode & 0o777).toBe(0o700)
  await rm(dir, { recursive: true })
})
