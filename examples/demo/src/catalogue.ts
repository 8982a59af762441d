import { loadCatalogue, readCatalogue } from '@headwater-examples/catalogue'
import type { LoadedCatalogue } from '@headwater-examples/catalogue'
import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { duration, type Output } from './output.ts'
import type { Platform } from './platform.ts'

const relayDeadlineMs = 300_000

/** Loads the sample catalogue through the SDK and waits until every course is in the index. */
export async function stockCatalogue(
  { services, inspection }: Platform,
  output: Output,
): Promise<LoadedCatalogue> {
  output.heading('Catalogue')
  const loadingMs = performance.now()
  const catalogue = await readCatalogue()
  const { courses, students, instructors } = catalogue
  const loading = output.progress('loading', courses.length + students.length + instructors.length)
  const loaded = await loadCatalogue(services, catalogue, {
    onProgress: ({ done }) => {
      loading.update(done)
    },
  })
  const took = (sinceMs: number) => duration(performance.now() - sinceMs)
  const categories = new Set(courses.map(({ category }) => category)).size
  const people = `${instructors.length} instructors, ${students.length} students`
  const shelf = `${courses.length} courses in ${categories} categories`
  const full = `${loaded.nearlyFull.length} of them nearly full`
  loading.done(`${people}, ${shelf}, ${full}, in ${took(loadingMs)}`)

  const indexingMs = performance.now()
  const indexing = output.progress('indexing', courses.length)
  await eventually(
    async () => {
      const count = await inspection.vectorCount()
      indexing.update(count)
      return count >= courses.length
    },
    { timeoutMs: relayDeadlineMs, intervalMs: 100 },
  )
  orThrow(await services.relay.drain({ deadlineMs: relayDeadlineMs }))
  indexing.done(`the relay has indexed ${courses.length} courses, ${took(indexingMs)} later`)
  return loaded
}
