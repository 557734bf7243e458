// supabase-js: auth, and what two signed-in users see.

const credentials = (p, number) => ({ email: `user${number}@example.com`, password: p.password })

const fetched = async (p, path, headers = {}) => {
  const answer = await fetch(`${p.baseUrl}${path}`, { headers })
  return { status: answer.status, json: await answer.json() }
}

export const checks = {
  'auth: sign up': (p) =>
    p.anon.auth.signUp({ email: 'js@example.com', password: 'js-password', options: { data: { name: 'JS' } } }),
  'auth: sign up again': (p) => p.service.auth.signUp({ email: 'js@example.com', password: 'js-password' }),
  'auth: weak password': (p) => p.service.auth.signUp({ email: 'w@example.com', password: 'x' }),
  'auth: sign out of sign-up': (p) => p.anon.auth.signOut(),
  'auth: wrong password': (p) => p.anon.auth.signInWithPassword({ ...credentials(p, 1), password: 'wrong' }),
  'auth: sign in': (p) => p.alice.auth.signInWithPassword(credentials(p, 1)),
  'auth: sign in another': (p) => p.bob.auth.signInWithPassword(credentials(p, 2)),
  'auth: user': (p) => p.alice.auth.getUser(),
  'auth: session': async (p) => (await p.bob.auth.getSession()).data.session.user.email,
  'auth: claims': (p) => p.alice.auth.getClaims(),
  'auth: bad token': (p) => p.alice.auth.getUser('a.b.c'),
  'auth: change metadata': (p) => p.alice.auth.updateUser({ data: { theme: 'dark' } }),
  'auth: two users see their own rows': async (p) => [
    await p.alice.from('notes').select().order('id'),
    await p.bob.from('notes').select().order('id'),
  ],
  'auth: two users at once': async (p) => {
    const both = [p.alice, p.bob, p.alice, p.bob, p.alice, p.bob]
    const answers = await Promise.all(both.map((who) => who.rpc('current_user_id')))
    return answers.map(({ data }) => data)
  },
  'auth: a user writes its own rows': (p) => p.alice.from('notes').insert({ body: 'Mine' }).select(),
  'auth: a user cannot write for another': async (p) => {
    const { data } = await p.bob.auth.getUser()
    return p.alice.from('notes').insert({ body: 'Not mine', user_id: data.user.id })
  },
  'auth: refresh': (p) => p.alice.auth.refreshSession(),
  'auth: refresh token used twice': async (p) => {
    const spent = (await p.bob.auth.getSession()).data.session.refresh_token
    const first = await p.bob.auth.refreshSession({ refresh_token: spent })
    // The SDK shares the answer for a token that it has just spent: ask the API itself.
    const again = await fetch(`${p.baseUrl}/auth/v1/token?grant_type=refresh_token`, {
      method: 'POST',
      headers: { apikey: p.anonKey, 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: spent }),
    })
    return [first.error, again.status, await again.json(), again.headers.getSetCookie()]
  },
  'auth: admin lists users': (p) => p.service.auth.admin.listUsers({ page: 2, perPage: 3 }),
  'auth: admin creates': (p) =>
    p.service.auth.admin.createUser({ email: 'made@example.com', password: 'made-password' }),
  'auth: not an admin': (p) => p.alice.auth.admin.listUsers(),
  'auth: sign out': async (p) => [await p.alice.auth.signOut(), await p.alice.auth.getUser()],
  'auth: settings': (p) => fetched(p, '/auth/v1/settings'),
  'auth: keys': (p) => fetched(p, '/auth/v1/.well-known/jwks.json'),
  'gateway: no key': (p) => fetched(p, '/rest/v1/users'),
  'gateway: key in the query': (p) => fetched(p, `/rest/v1/roles?select=name&apikey=${p.anonKey}`),
  'gateway: unknown service': (p) => fetched(p, '/other/v1/x'),
}
