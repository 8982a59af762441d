import type { MeasuredFloor } from '../../src/contract/search-screen.ts'
import { dateAndTime, number } from '../format.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Table } from '../parts/table.tsx'

/** What tells related courses from unrelated ones, and when it was measured. */
export function Floors({ floors }: { readonly floors: readonly MeasuredFloor[] }) {
  return (
    <>
      <Table
        label="Floors that were measured"
        rows={floors}
        keyOf={({ generation }) => generation}
        empty="Nothing was measured yet."
        columns={[
          { title: 'Generation', of: ({ generation }) => <code>{generation}</code> },
          { title: 'Related above', of: ({ floor }) => floor.toFixed(3), isNumber: true },
          { title: 'Typical unrelated', of: ({ typical }) => typical.toFixed(3), isNumber: true },
          { title: 'Courses', of: ({ courses }) => number(courses), isNumber: true },
          { title: 'Measured', of: ({ measuredAt }) => dateAndTime(measuredAt) },
        ]}
      />
      <div class="buttons">
        <ActButton
          label="Measure anew"
          action="search/calibrate"
          input={{}}
          question="Measure the active generation? That embeds 48 short texts and asks the index 51 times."
        />
      </div>
    </>
  )
}
