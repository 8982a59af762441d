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
  }
}
