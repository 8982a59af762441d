import type { Finding, Findings } from '../../src/contract/screens.ts'
import { duration } from '../format.ts'

/** What somebody should look at, with the way to it. */
export function FindingList({ findings: { found, unknown } }: { readonly findings: Findings }) {
  return (
    <>
      {found.length > 0 && (
        <ul class="findings">
          {found.map((finding) => (
            <FindingItem key={finding.text} finding={finding} />
          ))}
        </ul>
      )}
      {found.length === 0 && (
        <p class="quiet">{unknown.length === 0 ? 'None.' : 'None, as far as can be seen.'}</p>
      )}
      {unknown.map((what) => (
        <p key={what} class="unavailable">
          Not known: {what}
        </p>
      ))}
    </>
  )
}

function FindingItem({ finding }: { readonly finding: Finding }) {
  const { severity, text, forMs, screen, runbook } = finding
  return (
    <li class={severity}>
      <b>{severity}</b> {screen === 'overview' ? text : <a href={`#${screen}`}>{text}</a>}
      {forMs !== undefined && `, for ${duration(forMs)}`}
      <span class="quiet">
        {' '}
        · runbook <code>{runbook}.md</code>
      </span>
    </li>
  )
}
