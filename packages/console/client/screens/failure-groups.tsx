import { useSignal } from '@preact/signals'
import type { FailedEvent, FailureGroups, LetterGroup } from '../../src/contract/outbox-screen.ts'
import { counted, dateAndTime, number } from '../format.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Letters } from './letters.tsx'

/** As many as one action changes. */
const mostAtOnce = 5_000

/** Events that the sinks could not take, a card for each kind of failure. */
export function Groups(props: { readonly of: FailureGroups; readonly empty: string }) {
  const open = useSignal<string | undefined>(undefined)
  const { groups, more, withoutExamples } = props.of
  if (groups.length === 0) return <p class="quiet">{props.empty}</p>
  return (
    <>
      <ul class="groups">
        {groups.map((group) => {
          const key = `${group.sink} ${group.fingerprint}`
          const isOpen = open.value === key
          const toggle = () => (open.value = isOpen ? undefined : key)
          return <Group key={key} group={group} isOpen={isOpen} onToggle={toggle} />
        })}
      </ul>
      {more > 0 && (
        <p class="quiet">
          {counted(more, 'more kind')} of failure, none with more events than these.
        </p>
      )}
      {withoutExamples !== undefined && (
        <p class="unavailable">Examples are not available: {withoutExamples}</p>
      )}
    </>
  )
}

interface GroupProps {
  readonly group: LetterGroup
  readonly isOpen: boolean
  readonly onToggle: () => void
}

function Group({ group, isOpen, onToggle }: GroupProps) {
  const { state, sink, fingerprint, count, message, example } = group
  return (
    <li class="card">
      <h3>
        {counted(count, 'event')} for {sink}
      </h3>
      <p class="reason">{message || 'tried by themselves soon, behind one that was given up'}</p>
      <p class="quiet">
        {extentOf(group)}
        {fingerprint !== '' && (
          <>
            , fingerprint <code>{fingerprint}</code>
          </>
        )}
      </p>
      {example !== undefined && !isOpen && <Example of={example} />}
      <div class="buttons">
        {state === 'dead' && (
          <button type="button" class="plain" aria-expanded={isOpen} onClick={onToggle}>
            {isOpen ? 'Hide events' : 'Show events'}
          </button>
        )}
        {state === 'dead' ? <DeadButtons group={group} /> : <WaitingButtons group={group} />}
      </div>
      {isOpen && <Letters sink={sink} fingerprint={fingerprint} />}
    </li>
  )
}

function extentOf({ aggregates, behind = 0, firstAt, lastAt, nextAt }: LetterGroup): string {
  const parts = [
    counted(aggregates, 'aggregate'),
    ...(behind > 0 ? [`${counted(behind, 'event')} behind them`] : []),
    `first seen ${dateAndTime(firstAt)}, last ${dateAndTime(lastAt)}`,
    ...(nextAt === undefined ? [] : [`next attempt ${dateAndTime(nextAt)}`]),
  ]
  return parts.join(', ')
}

function Example({ of }: { readonly of: FailedEvent }) {
  const { eventType, aggregateType, aggregateId, shape } = of
  return (
    <div class="example">
      <p>
        For example <b>{eventType}</b> of {aggregateType} {aggregateId}, with the fields
      </p>
      <pre tabIndex={0} role="group" aria-label="Fields of the payload">
        {JSON.stringify(shape, null, 2)}
      </pre>
    </div>
  )
}

/** Says how much of a group one action takes. */
function portion(count: number, which = 'the oldest '): string {
  return count > mostAtOnce
    ? `${which}${number(mostAtOnce)} of ${number(count)} events`
    : counted(count, 'event')
}

function DeadButtons({ group: { sink, fingerprint, count } }: { readonly group: LetterGroup }) {
  const input = { sink, fingerprint }
  return (
    <>
      <ActButton
        label="Replay all"
        action="outbox/replay"
        input={input}
        question={`Deliver ${portion(count)} to ${sink} again?`}
      />
      <ActButton
        label="Discard all"
        action="outbox/discard"
        input={{ ...input, atMost: count }}
        isDanger
        question={`Drop ${portion(count)} for ${sink}, for good?`}
      />
    </>
  )
}

function WaitingButtons({ group: { sink, fingerprint, count } }: { readonly group: LetterGroup }) {
  const input = { sink, fingerprint }
  return (
    <>
      <ActButton
        label="Try all now"
        action="outbox/try"
        input={input}
        question={`Give ${portion(count, '')} to ${sink} now, instead of at their time?`}
      />
      <ActButton
        label="Discard all waiting"
        action="outbox/discard-waiting"
        input={{ ...input, atMost: count }}
        isDanger
        question={`Drop ${portion(count)} that ${sink} may take later, for good?`}
      />
    </>
  )
}
