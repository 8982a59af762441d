import type { AuditEntry } from '../../src/contract/screens.ts'
import { dateAndTime } from '../format.ts'
import { useLive } from '../live.ts'
import { LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'

const everyMs = 5_000

/** What operators did here. */
export function Audit() {
  const live = useLive<readonly AuditEntry[]>('audit', everyMs)
  return (
    <Part title="The last hundred actions">
      <LiveView live={live.value}>
        {(entries) => (
          <Table
            label="Actions"
            rows={entries}
            keyOf={({ id }) => id}
            empty="Nobody has done anything here."
            columns={[
              { title: 'When', of: ({ at }) => dateAndTime(at) },
              { title: 'Who', of: ({ operator }) => operator },
              { title: 'What', of: ({ action }) => action },
              { title: 'To what', of: ({ subject }) => <code>{JSON.stringify(subject)}</code> },
              { title: 'Outcome', of: ({ outcome }) => outcome ?? 'not known' },
            ]}
          />
        )}
      </LiveView>
    </Part>
  )
}
