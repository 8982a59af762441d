import type { SearchScreen } from '../../src/contract/search-screen.ts'
import { duration, number } from '../format.ts'
import { useLive } from '../live.ts'
import { Chart } from '../parts/chart.tsx'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'
import { CourseLookup } from './course-lookup.tsx'
import { Drift } from './drift.tsx'
import { Floors } from './floors.tsx'
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
        {({ generations, summary, floors, history }) => (
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
            <Part title="One course">
              <CourseLookup />
            </Part>
            <Part title="Calibration">
              <Available of={floors}>{(all) => <Floors floors={all} />}</Available>
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
