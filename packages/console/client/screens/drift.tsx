import { useSignal } from '@preact/signals'
import type { DriftedRecord, IndexDrift, RepairPlan } from '../../src/contract/search-screen.ts'
import { counted, number } from '../format.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Facts } from '../parts/facts.tsx'
import { Table } from '../parts/table.tsx'

/** Compares the index, and shows what a repair would do before it is made. */
export function Drift() {
  const drift = useSignal<IndexDrift | undefined>(undefined)
  const plan = useSignal<RepairPlan | undefined>(undefined)
  const forget = () => {
    drift.value = undefined
    plan.value = undefined
  }
  return (
    <>
      <div class="buttons">
        <ActButton<IndexDrift>
          label="Verify"
          action="search/verify"
          input={{}}
          question="Compare every course with its record? That reads the whole index."
          onDone={({ data }) => {
            forget()
            drift.value = data
          }}
        />
        <ActButton<RepairPlan>
          label="Plan a repair"
          action="search/plan"
          input={{}}
          question="Look for up to 1,000 records that differ? Nothing is written."
          onDone={({ data }) => {
            forget()
            plan.value = data
          }}
        />
      </div>
      {drift.value !== undefined && <DriftReport drift={drift.value} />}
      {plan.value !== undefined && <Plan plan={plan.value} onDone={forget} />}
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
      <Differences of={drift.differences} />
    </>
  )
}

function Plan({ plan, onDone }: { readonly plan: RepairPlan; readonly onDone: () => void }) {
  const { writes, removals, isComplete, differences } = plan
  const total = writes + removals
  const steps = `write ${counted(writes, 'record')} and remove ${number(removals)}`
  return (
    <>
      {total > 0 && (
        <p>
          A repair would {steps}
          {!isComplete && '; more differ, and are left for the next'}.
        </p>
      )}
      <Differences of={differences} />
      {differences.length < total && (
        <p class="quiet">The first {counted(differences.length, 'difference')} are shown.</p>
      )}
      {total > 0 && (
        <div class="buttons">
          <ActButton
            label="Repair"
            action="search/repair"
            input={{ atMost: total }}
            question={`Now ${steps}?`}
            onDone={onDone}
          />
        </div>
      )}
    </>
  )
}

function Differences({ of }: { readonly of: readonly DriftedRecord[] }) {
  return (
    <Table
      label="Differences"
      rows={of}
      keyOf={({ kind, recordId }) => `${kind} ${recordId}`}
      empty="The index is in sync."
      columns={[
        { title: 'Record', of: ({ recordId }) => <code>{recordId}</code> },
        { title: 'Difference', of: ({ kind }) => kind },
        { title: 'In the index → in PostgreSQL', of: fieldsOf },
        { title: 'Repair', of: ({ kind }) => (kind === 'orphaned' ? 'remove it' : 'write it') },
      ]}
    />
  )
}

function fieldsOf({ kind, fields = [] }: DriftedRecord) {
  if (fields.length === 0)
    return kind === 'missing' ? 'nothing → a published course' : 'a record → no published course'
  return fields.map(({ field, indexed, wanted }) => (
    <div key={field}>
      <b>{field}</b>: <del>{indexed}</del> → <ins>{wanted}</ins>
    </div>
  ))
}
