import type { Subject, SubjectName, SubjectUrls } from './subject.ts'

/** Connects the subject of that name. */
export async function openSubject(name: SubjectName, urls: SubjectUrls): Promise<Subject> {
  switch (name) {
    case 'headwater':
      return (await import('./subjects/headwater.ts')).openHeadwater(urls)
    case 'naive':
      return (await import('./subjects/naive.ts')).openNaive(urls)
    case 'bentocache':
      return (await import('./subjects/bentocache.ts')).openBentocache(urls)
    case 'cacheable':
      return (await import('./subjects/cacheable.ts')).openCacheable(urls)
    case 'headwater near':
      return (await import('./subjects/headwater-near.ts')).openHeadwaterNear(urls)
    case 'headwater near without a wait':
      return (await import('./subjects/headwater-near.ts')).openWithoutWait(urls)
    case 'bentocache near':
      return (await import('./subjects/bentocache.ts')).openBentocacheNear(urls)
    case 'node-redis near':
      return (await import('./subjects/naive.ts')).openNodeRedisNear(urls)
  }
}
