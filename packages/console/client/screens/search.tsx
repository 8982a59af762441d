import { useSignal } from '@preact/signals'
import type { IndexDrift, SearchScreen } from '../../src/contract/screens.ts'
import { duration, number } from '../format.ts'
import { useLive } from '../live.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Chart } from '../parts/chart.tsx'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'
import { Playground } from './playground.tsx'

const everyMs = 5_000

/** Tries a search; compares the index with PostgreSQL. */
export function Search() {
  const live = useLive<SearchScreen>('search', everyMs)
  return (
    <>
      <Part title="Try a search">
        <Playground />
      </Part>
      <LiveView live={live.value}>
        {({ generations, summary, history }) => (
          <>
            <Part title="Index">
              <Available of={summary}>
                {({ pending, synced, failed, failures }) => (
                  <>
                    <Facts
                      of={{
                        'Courses in sync': number(synced),
                        Pending: number(pending),
                        Failed: number(failed),
                      }}
                    />
                    {failures.length > 0 && (
                      <Table
                        label="Courses that cannot be indexed"
                        rows={failures}
                        keyOf={({ courseId }) => String(courseId)}
                        empty=""
                        columns={[
                          { title: 'Course', of: ({ courseId }) => courseId, isNumber: true },
                          { title: 'Reason', of: ({ reason }) => reason ?? 'unknown' },
                        ]}
                      />
                    )}
                  </>
                )}
              </Available>
              <Drift />
            </Part>
            <Part title="Generations">
              <Available of={generations}>
                {(all) => (
                  <Table
                    label="Generations of the index"
                    rows={all}
                    keyOf={({ name }) => name}
                    empty="None is registered."
                    columns={[
                      { title: 'Generation', of: ({ name }) => <code>{name}</code> },
                      { title: 'Model', of: ({ model }) => model },
                      { title: 'Dimensions', of: (one) => number(one.dimensions), isNumber: true },
                      { title: 'State', of: ({ state }) => state },
                    ]}
                  />
                )}
              </Available>
            </Part>
            <Part title="Searches of this process">
              <div class="charts">
                <Chart
                  title="Mean duration"
                  at={history.at}
                  lines={[{ label: 'search', values: history.searchMs }]}
                  format={duration}
                />
              </div>
            </Part>
          </>
        )}
      </LiveView>
    </>
  )
}

function Drift() {
  const drift = useSignal<IndexDrift | undefined>(undefined)
  return (
    <>
      <p class="buttons">
        <ActButton<IndexDrift>
          label="Verify"
          action="search/verify"
          input={{}}
          question="Compare every course with its record? That reads the whole index."
          onDone={({ data }) => (drift.value = data)}
        />
        {drift.value !== undefined && drift.value.differences.length > 0 && (
          <ActButton
            label="Repair"
            action="search/repair"
            input={{}}
            question="Write or remove the records that differ, at most 1,000 of them?"
            onDone={() => (drift.value = undefined)}
          />
        )}
      </p>
      {drift.value !== undefined && <DriftReport drift={drift.value} />}
    </>
  )
}

function DriftReport({ drift }: { readonly drift: IndexDrift }) {
  return (
    <>
      <Facts
        of={{
          Courses: number(drift.courses),
          Records: number(drift.records),
          Missing: number(drift.missing),
          Orphaned: number(drift.orphaned),
          Stale: number(drift.stale),
          'Of another generation': number(drift.wrongGeneration),
        }}
      />
      {!drift.isComplete && <p class="reason">Its time was up: not everything was compared.</p>}
      <Table
        label="Differences"
        rows={drift.differences}
        keyOf={({ kind, recordId }) => `${kind} ${recordId}`}
        empty="The index is in sync."
        columns={[
          { title: 'Record', of: ({ recordId }) => <code>{recordId}</code> },
          { title: 'Difference', of: ({ kind }) => kind },
          { title: 'Repair', of: ({ kind }) => (kind === 'orphaned' ? 'remove it' : 'write it') },
        ]}
      />
    </>
  )
}
