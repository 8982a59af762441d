import { useSignal } from '@preact/signals'
import type { CourseState } from '../../src/contract/search-screen.ts'
import { dateAndTime, number } from '../format.ts'
import { useLive } from '../live.ts'
import { AskForm } from '../parts/ask-form.tsx'
import { Facts } from '../parts/facts.tsx'
import { LiveView } from '../parts/part.tsx'

const everyMs = 3_000

/** The state of one course in the index, by its id. */
export function CourseLookup() {
  const id = useSignal<string | undefined>(undefined)
  return (
    <>
      <AskForm label="Course id" button="Look up" onAsk={(text) => (id.value = text)} />
      {id.value !== undefined && <CourseView key={id.value} id={id.value} />}
    </>
  )
}

function CourseView({ id }: { readonly id: string }) {
  const query = new URLSearchParams({ id }).toString()
  const live = useLive<CourseState>(`search/course?${query}`, everyMs)
  return (
    <LiveView live={live.value}>
      {({ courseId, state, version, indexedVersion, changedAt, reason }) => (
        <>
          <Facts
            of={{
              Course: courseId,
              State: state,
              Version: number(version),
              'Version in the index':
                indexedVersion === undefined ? 'none' : number(indexedVersion),
              Since: changedAt === undefined ? '–' : dateAndTime(changedAt),
            }}
          />
          {reason !== undefined && <p class="reason">{reason}</p>}
        </>
      )}
    </LiveView>
  )
}
