import { useSignal } from '@preact/signals'
import type { TriedSearch } from '../../src/contract/search-screen.ts'
import { duration, number, percent } from '../format.ts'
import { AskForm } from '../parts/ask-form.tsx'
import { Facts } from '../parts/facts.tsx'
import { Table } from '../parts/table.tsx'
import { act, type Answer } from '../server.ts'
import { mayOperate } from '../viewer.ts'

type Hit = TriedSearch['hits'][number]

/** A query and what came of it: the order, and where each leg put every course. */
export function Playground() {
  const answer = useSignal<Answer<TriedSearch> | undefined>(undefined)
  const ask = async (query: string): Promise<void> => {
    const tried = await act<TriedSearch>('search/try', { query })
    if (!tried.isOk) answer.value = tried
    else if (tried.value.data !== undefined) answer.value = { isOk: true, value: tried.value.data }
  }
  if (!mayOperate.value) return <p class="quiet">You may look, but not search.</p>
  return (
    <>
      <AskForm label="Query" button="Search" onAsk={(query) => void ask(query)} />
      <div aria-live="polite">
        {answer.value?.isOk === false && (
          <p class="unavailable">Not available: {answer.value.reason}</p>
        )}
        {answer.value?.isOk === true && <Found found={answer.value.value} />}
      </div>
    </>
  )
}

function Found({ found }: { readonly found: TriedSearch }) {
  const { mode, durationMs, isCached, degraded, hits, floor } = found
  const legs = ['dense', 'lexical', 'rerank'].filter((leg) => hits.some((hit) => leg in hit.legs))
  return (
    <>
      <Facts
        of={{
          Mode: mode,
          Took: duration(durationMs),
          Ranking: isCached ? 'from the cache' : 'found anew',
          Floor: floor === undefined ? 'no leg by meaning' : floor.toFixed(3),
          'Time by part': timingsOf(found),
          'Went without': degraded.map(({ leg, reason }) => `${leg}: ${reason}`).join(', ') || '–',
        }}
      />
      <Table
        label="Hits"
        rows={hits}
        keyOf={({ courseId }) => String(courseId)}
        empty="Nothing was found."
        columns={[
          { title: 'Rank', of: ({ rank }) => rank, isNumber: true },
          { title: 'Course', of: ({ courseId, title }) => `${title} (${courseId})` },
          { title: 'Score', of: ({ score }) => score.toFixed(4), isNumber: true },
          ...legs.map((leg) => ({
            title: `${leg} rank, score`,
            of: (hit: Hit) => legOf(hit, leg),
            isNumber: true,
          })),
        ]}
      />
      <Dropped found={found} />
    </>
  )
}

function timingsOf({ timings }: TriedSearch): string {
  const parts = Object.entries(timings).filter(([, ms]) => ms > 0)
  return parts.map(([name, ms]) => `${name.replace(/Ms$/, '')} ${duration(ms)}`).join(', ') || '–'
}

function Dropped({ found: { dropped, droppedCount } }: { readonly found: TriedSearch }) {
  return (
    <>
      <h3>Found and not shown: {number(droppedCount)}</h3>
      <Table
        label="Courses that were dropped"
        rows={dropped}
        keyOf={({ courseId }) => String(courseId)}
        empty="No course was dropped."
        columns={[
          { title: 'Course', of: ({ courseId }) => courseId, isNumber: true },
          { title: 'Why', of: ({ reason }) => reason },
          {
            title: 'Similarity',
            of: ({ similarity }) => (similarity === undefined ? '–' : similarity.toFixed(3)),
            isNumber: true,
          },
          { title: 'Words', of: ({ wordShare }) => percent(wordShare), isNumber: true },
        ]}
      />
    </>
  )
}

function legOf({ legs }: Hit, leg: string): string {
  const own = legs[leg]
  return own === undefined ? 'not found' : `${own.rank}, ${own.score.toFixed(3)}`
}
