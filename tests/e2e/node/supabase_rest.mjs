// supabase-js: tables and database functions.

const contacts = (p, columns = 'id,name') => p.anon.from('contacts').select(columns).order('id').limit(5)

export const checks = {
  'rest: all columns': (p) => contacts(p, '*'),
  'rest: alias, cast, json path': (p) =>
    p.anon.from('bot_configs').select('nr:id::text,settings->greeting->>en').order('id').limit(3),
  'rest: embedded': (p) =>
    p.anon.from('conversations').select('id, contacts(name, phone), messages(id)').order('id').limit(3),
  'rest: filter on embedded': (p) =>
    p.anon.from('conversations').select('id,contacts!inner(name)').eq('contacts.name', 'Contact 003'),
  'rest: order and limit of embedded': (p) =>
    p.anon
      .from('conversations')
      .select('id,messages(id)')
      .eq('id', 2)
      .order('id', { referencedTable: 'messages', ascending: false })
      .limit(2, { referencedTable: 'messages' }),
  'rest: eq': (p) => contacts(p).eq('id', 4),
  'rest: neq': (p) => contacts(p).neq('id', 1),
  'rest: gt lt': (p) => contacts(p).gt('id', 10).lt('id', 13),
  'rest: gte lte': (p) => contacts(p).gte('id', 10).lte('id', 13),
  'rest: like': (p) => contacts(p).like('name', '%act 01%'),
  'rest: ilike': (p) => contacts(p).ilike('name', 'CONTACT 00_'),
  'rest: like any of': (p) => contacts(p).likeAnyOf('name', ['%001', '%002']),
  'rest: is': (p) => contacts(p).is('notes', null),
  'rest: not is': (p) => contacts(p, 'id,notes').not('notes', 'is', null),
  'rest: in': (p) => contacts(p).in('id', [2, 4, 400]),
  'rest: contains': (p) => contacts(p, 'id,tags').contains('tags', ['vip', 'de']),
  'rest: contained by': (p) => contacts(p, 'id,tags').containedBy('tags', ['new', 'de']),
  'rest: overlaps': (p) => contacts(p, 'id,tags').overlaps('tags', ['paid']),
  'rest: or': (p) => contacts(p).or('id.eq.3,and(id.gt.7,id.lt.9)'),
  'rest: filter': (p) => contacts(p).filter('id', 'in', '(1,"2")'),
  'rest: text search': (p) => contacts(p).textSearch('name', 'contact 007', { type: 'plain' }),
  'rest: match': (p) => contacts(p).match({ account_id: 2, name: 'Contact 001' }),
  'rest: odd text': async (p) => {
    const text = 'a,b(c) "d" \\ %2C + & = ? # é 😀 ~ * .'
    await p.anon.from('audit_logs').insert({ action: text, subject: 'odd' })
    return [
      await p.anon.from('audit_logs').select('action').eq('action', text),
      // The SDK does not escape double quotes inside a list, so this one has none.
      await p.anon.from('users').select('id').in('name', ['a,b(c) + & = ? # é', 'User 05']),
    ]
  },
  'rest: nulls first': (p) =>
    p.anon.from('contacts').select('id').order('notes', { ascending: true, nullsFirst: true }).limit(2),
  'rest: range with count': (p) =>
    p.anon.from('messages').select('id', { count: 'exact' }).order('id').range(2395, 2404),
  'rest: range past the end': (p) =>
    p.anon.from('accounts').select('*', { count: 'exact' }).range(50, 60),
  'rest: estimated count': (p) => p.anon.from('accounts').select('id', { count: 'estimated' }),
  'rest: head count': (p) => p.anon.from('messages').select('*', { count: 'exact', head: true }),
  'rest: head of nothing': (p) => p.anon.from('nothing').select('*', { count: 'exact', head: true }),
  'rest: long target': async (p) => {
    const ids = Array.from({ length: 600 }, (_, n) => 1 + 2 * n)
    const { data, status } = await p.anon.from('messages').select('id,body').in('id', ids).order('id')
    return [status, data.length, data.at(-1)]
  },
  'rest: single': (p) => p.anon.from('users').select('*').eq('id', 7).single(),
  'rest: single of none': (p) => p.anon.from('users').select('*').eq('id', 0).single(),
  'rest: maybe single': (p) => p.anon.from('users').select('*').eq('id', 0).maybeSingle(),
  'rest: csv': (p) => p.anon.from('accounts').select('id,name').csv(),
  'rest: stripped nulls': (p) => p.anon.from('contacts').select('id,notes').order('id').limit(3).stripNulls(),
  'rest: other schema': (p) => p.anon.schema('archive').from('conversations').select(),
  'rest: unknown schema': (p) => p.anon.schema('none').from('conversations').select(),
  'rest: unknown table': (p) => p.anon.from('nothing').select(),
  'rest: unknown column': (p) => p.anon.from('users').select('nothing'),
  'rest: bad value': (p) => p.anon.from('users').select().eq('id', 'x'),
  'rest: throws': (p) => p.anon.from('users').select('nothing').throwOnError(),
  'rest: insert': (p) =>
    p.anon.from('messages').insert({ conversation_id: 3, direction: 'out', body: 'Hi' }).select(),
  'rest: insert one back': (p) =>
    p.anon.from('messages').insert({ conversation_id: 3, body: 'One' }).select('id,body').single(),
  'rest: insert minimal': (p) => p.anon.from('messages').insert({ conversation_id: 3, body: 'Quiet' }),
  'rest: insert many': (p) =>
    p.anon.from('audit_logs').insert([{ action: 'bulk 1', actor: 'a' }, { action: 'bulk 2' }]).select(),
  'rest: insert duplicate': (p) => p.anon.from('users').insert({ name: 'Twice', email: 'user1@example.com' }),
  'rest: upsert': (p) =>
    p.anon.from('users').upsert({ name: 'Renamed', email: 'user3@example.com' }, { onConflict: 'email' }).select(),
  'rest: upsert ignoring': (p) =>
    p.anon.from('roles').upsert({ id: 1, name: 'other' }, { ignoreDuplicates: true }).select(),
  'rest: update': (p) => p.anon.from('conversations').update({ unread: 0 }).eq('id', 5).select('id,unread'),
  'rest: update with count': (p) =>
    p.anon.from('conversations').update({ status: 'open' }, { count: 'exact' }).in('id', [5, 6]),
  'rest: update without filter': (p) => p.anon.from('roles').update({ name: 'x' }),
  'rest: delete': (p) => p.anon.from('audit_logs').delete().eq('action', 'bulk 1').select('action'),
  'rest: after the writes': (p) => p.anon.from('audit_logs').select('id,actor,action').order('id'),
  'rpc: value': (p) => p.anon.rpc('add', { a: 2, b: 3 }),
  'rpc: get': (p) => p.anon.rpc('add', { a: 2, b: 3 }, { get: true }),
  'rpc: head': (p) => p.anon.rpc('search_contacts', { term: 'ct 00' }, { head: true, count: 'exact' }),
  'rpc: rows': (p) => p.anon.rpc('search_contacts', { term: 'ct 00' }, { count: 'exact' }).limit(2),
  'rpc: unknown': (p) => p.anon.rpc('nothing'),
  'rpc: raises': (p) => p.anon.rpc('fail', { sqlstate: '57014', message: 'canceling statement' }),
  'rls: a stranger sees nothing': (p) => p.anon.from('notes').select(),
  'rls: the service role sees all': (p) => p.service.from('notes').select('id').order('id'),
  'rls: a stranger cannot write': (p) => p.anon.from('notes').insert({ body: 'No' }),
  'rest: twenty at once': async (p) => {
    const numbers = Array.from({ length: 20 }, (_, n) => n + 1)
    const answers = await Promise.all(numbers.map((n) => p.anon.from('users').select('id').eq('id', n).single()))
    return answers.map(({ data }) => data.id)
  },
}
