import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { containerImages } from '../../src/stack/container.ts'

test('compose.yaml starts the same images as the container rung', async () => {
  const compose = await readFile(new URL('../../../../compose.yaml', import.meta.url), 'utf8')
  const images = [...compose.matchAll(/^ {2}(\w+):\n {4}image: (\S+)$/gm)].map(
    ([, store, image]) => [store, image],
  )
  expect(Object.fromEntries(images)).toEqual(containerImages)
})
