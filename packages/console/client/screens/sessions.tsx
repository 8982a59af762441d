import { useSignal } from '@preact/signals'
import type { LimitState, SessionsScreen, SessionState } from '../../src/contract/screens.ts'
import { dateAndTime, duration, number } from '../format.ts'
import { useLive } from '../live.ts'
import { ActButton } from '../parts/act-button.tsx'
import { AskForm } from '../parts/ask-form.tsx'
import { LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'

const everyMs = 5_000

/** Sessions of a user, and the limits of a subject. */
export function Sessions() {
  const live = useLive<SessionsScreen>('sessions', 60_000)
  const user = useSignal<string | undefined>(undefined)
  const subject = useSignal<string | undefined>(undefined)
  return (
    <LiveView live={live.value}>
      {({ hasSessions, limiters }) => (
        <>
          {hasSessions && (
            <Part title="Sessions">
              <AskForm label="User id" button="List" onAsk={(text) => (user.value = text)} />
              {user.value !== undefined && <UserSessions key={user.value} userId={user.value} />}
            </Part>
          )}
          {limiters.length > 0 && (
            <Part title="Limits">
              <AskForm
                label="Subject: a user or an address"
                button="Look"
                onAsk={(text) => (subject.value = text)}
              />
              {subject.value !== undefined && (
                <Limits key={subject.value} subject={subject.value} />
              )}
            </Part>
          )}
        </>
      )}
    </LiveView>
  )
}

function UserSessions({ userId }: { readonly userId: string }) {
  const query = new URLSearchParams({ userId }).toString()
  const live = useLive<readonly SessionState[]>(`sessions/user?${query}`, everyMs)
  return (
    <LiveView live={live.value}>
      {(sessions) => (
        <>
          <Table
            label={`Sessions of user ${userId}`}
            rows={sessions}
            keyOf={({ id }) => id}
            empty={`User ${userId} has no session.`}
            columns={[
              { title: 'Session', of: ({ id }) => <code>{id.slice(0, 12)}</code> },
              { title: 'Began', of: ({ createdAt }) => dateAndTime(createdAt) },
              { title: 'Ends unless used', of: ({ expiresAt }) => dateAndTime(expiresAt) },
              { title: 'Action', of: ({ id }) => <EndSession id={id} /> },
            ]}
          />
          <ActButton
            label="End all sessions"
            action="sessions/revoke-all"
            input={{ userId }}
            isDanger
            question={`End all sessions of user ${userId}, also those that are about to begin?`}
          />
        </>
      )}
    </LiveView>
  )
}

function EndSession({ id }: { readonly id: string }) {
  return (
    <ActButton
      label="End"
      action="sessions/revoke"
      input={{ id }}
      question={`End the session ${id.slice(0, 12)}?`}
    />
  )
}

function Limits({ subject }: { readonly subject: string }) {
  const query = new URLSearchParams({ subject }).toString()
  const live = useLive<readonly LimitState[]>(`sessions/limits?${query}`, everyMs)
  return (
    <LiveView live={live.value}>
      {(limits) => (
        <Table
          label={`Limits of ${subject}`}
          rows={limits}
          keyOf={({ limiter }) => limiter}
          empty="No limiter."
          columns={[
            { title: 'Limiter', of: ({ limiter }) => <b>{limiter}</b> },
            { title: 'State', of: stateOf },
            { title: 'Left', of: (one) => `${number(one.remaining)} of ${number(one.limit)}` },
            {
              title: 'Action',
              of: ({ limiter }) => (
                <ActButton
                  label="Reset"
                  action="sessions/reset-limit"
                  input={{ limiter, subject }}
                  question={`Forget the requests of ${subject} that ${limiter} has counted?`}
                />
              ),
            },
          ]}
        />
      )}
    </LiveView>
  )
}

function stateOf({ isLimited, retryAfterMs, isDegraded }: LimitState): string {
  const said = isLimited ? `refused for ${duration(retryAfterMs)}` : 'may pass'
  return isDegraded ? `${said} (Redis did not answer: this process alone)` : said
}
