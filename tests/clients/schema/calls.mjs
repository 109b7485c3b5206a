// One entry per route: the calls that show it at work and the calls that show it refusing. Each runs with every method of its route.
//
// `with` is what the call sends, or a function of the things that makes it; `as` is who calls (the workspace's key if unsaid);
// `refused` is the status and type of the error; `on` limits a call to some methods; `last` keeps destructive routes for the end.

import { unique, unknownId } from '../js/world.mjs'

const none = {}
const notUuid = [400, 'invalid_input']
const missing = (key) => ({ with: none, refused: [400, 'invalid_input', key] })
const malformed = (key, extra = {}) => ({ with: { ...extra, [key]: 'nope' }, refused: [...notUuid, key] })
const unknown = (key, noun, extra = {}) => ({ with: { ...extra, [key]: unknownId }, refused: [404, `${noun}_not_found`] })
const aYear = () => new Date(Date.now() + 31_536_000_000).toISOString()
const phone = async (of) => ({ device_id: (await of.phone()).device_id })
const person = async (of) => ({ user_identity_id: (await of.person()).user_identity_id })
const session = async (of) => ({ client_session_id: (await of.session()).client_session_id })
const webhook = async (of) => ({ webhook_id: (await of.webhook()).webhook_id })
const shortCode = ({ instant_key_url }) => instant_key_url.split('/').at(-1)
const credential = async (of) => ({ acs_credential_id: (await of.credential()).acs_credential_id })
const acsUser = {
  with: async (of) => ({ ...(await person(of)), acs_user_id: unknownId }),
  refused: [404, 'acs_user_not_found'],
}

export const calls = {
  '/phones/get': [{ with: phone }, missing('device_id'), malformed('device_id'), unknown('device_id', 'device')],
  '/phones/list': [
    { with: none },
    { with: async (of) => ({ owner_user_identity_id: (await of.phone()).owner }) },
    { with: credential },
    { with: { limit: 1 } },
    { with: { device_type: 'ios_phone', include_deactivated: true, search: 'a', created_before: aYear() } },
    malformed('owner_user_identity_id'),
    malformed('acs_credential_id'),
  ],
  '/phones/deactivate': [
    { with: phone },
    { with: async (of) => ({ ...(await phone(of)), reason: 'lost' }) },
    { with: async (of) => ({ device_id: (await of.deactivatedPhone()).device_id }) },
    { as: 'session', with: async (of) => ({ device_id: (await of.phoneOfSession()).device_id }) },
    missing('device_id'),
    unknown('device_id', 'device'),
  ],
  '/phones/update': [
    { with: async (of) => ({ ...(await phone(of)), name: 'Desk' }) },
    unknown('device_id', 'device', { name: 'x' }),
  ],
  '/phones/readmit': [
    { with: async (of) => ({ device_id: (await of.deactivatedPhone()).device_id }) },
    missing('device_id'),
    unknown('device_id', 'device'),
  ],
  '/phones/simulate/create_sandbox_phone': [
    { with: person },
    {
      with: async (of) => ({
        ...(await person(of)),
        custom_sdk_installation_id: unique('installation'),
        phone_metadata: { operating_system: 'ios', os_version: '18', device_manufacturer: 'Apple', device_model: 'iPhone' },
        assa_abloy_metadata: { application_version: '1', seos_tsm_endpoint_id: 2, nfc_capability: true },
      }),
    },
    missing('user_identity_id'),
    malformed('user_identity_id'),
    unknown('user_identity_id', 'user_identity'),
    { with: async (of) => ({ ...(await person(of)), phone_metadata: { operating_system: 'win' } }), refused: [400, 'invalid_input'] },
    { as: 'production', with: { user_identity_id: unknownId }, refused: [400, 'workspace_not_sandbox'] },
  ],

  '/events/get': [
    { with: async (of) => ({ event_id: (await of.event()).event_id }) },
    { with: async (of) => ({ device_id: (await of.event()).device_id, event_type: 'phone.deactivated' }) },
    { with: none, refused: [400, 'invalid_input'] },
    malformed('event_id'),
    unknown('event_id', 'event'),
  ],
  '/events/list': [
    { with: async (of) => (await of.event(), { since: '2020-01-01' }) },
    { with: () => ({ between: ['2020-01-01', aYear()], limit: 3 }) },
    { with: { since: '2020-01-01T00:00:00.000001+00:00', event_types: ['phone.deactivated', 'client_session.deleted'] } },
    { as: 'session', with: { since: '2020-01-01' } },
    { with: none, refused: [400, 'invalid_input'] },
    { with: { since: 'never' }, refused: [400, 'invalid_input', 'since'] },
    { with: { since: '2020-01-01', event_type: 'phone.exploded' }, refused: [400, 'invalid_input', 'event_type'] },
  ],
  '/events/stream': [
    { with: async (of) => (await of.event(), { since: '2020-01-01' }) },
    { as: 'session', with: none },
    { with: { since: 'never' }, refused: [400, 'invalid_input', 'since'] },
    { with: { event_type: 'phone.exploded' }, refused: [400, 'invalid_input', 'event_type'] },
    { with: { between: ['2020-01-01', '2020-01-02'] }, refused: [400, 'invalid_input'] },
  ],

  '/events/create_stream_ticket': [{ with: none }, { as: 'session', with: none }],

  '/webhooks/create': [
    { with: { url: 'https://example.com/a' } },
    { with: { url: 'https://example.com/b', event_types: ['phone.deactivated'] } },
    missing('url'),
    { with: { url: 'nowhere' }, refused: [400, 'invalid_input', 'url'] },
    { with: { url: 'https://example.com/c', event_types: ['phone.exploded'] }, refused: [400, 'invalid_event_types'] },
  ],
  '/webhooks/get': [{ with: webhook }, missing('webhook_id'), unknown('webhook_id', 'webhook')],
  '/webhooks/list': [{ with: async (of) => (await of.webhook(), none) }],
  '/webhooks/update': [
    { with: async (of) => ({ ...(await webhook(of)), event_types: ['*'] }) },
    missing('webhook_id'),
    unknown('webhook_id', 'webhook', { event_types: ['*'] }),
  ],
  '/webhooks/delete': [{ with: webhook }, missing('webhook_id'), unknown('webhook_id', 'webhook')],
  '/webhooks/ping': [{ with: webhook }, missing('webhook_id'), unknown('webhook_id', 'webhook')],
  '/webhooks/rotate_secret': [{ with: webhook }, missing('webhook_id'), unknown('webhook_id', 'webhook')],
  '/webhooks/list_deliveries': [
    { with: async (of) => (await of.delivery(), none) },
    { with: async (of) => ({ webhook_id: (await of.delivery()).webhook_id, limit: 1 }) },
    { with: { status: 'pending' } },
    unknown('webhook_id', 'webhook'),
    { with: { status: 'lost' }, refused: [400, 'invalid_input', 'status'] },
    { with: { page_cursor: '***' }, refused: [400, 'invalid_input', 'page_cursor'] },
  ],
  '/webhooks/redeliver': [
    { with: async (of) => ({ delivery_id: (await of.delivery()).delivery_id }) },
    { with: async (of) => ({ ...(await webhook(of)), since: '2020-01-01' }) },
    { with: none, refused: [400, 'invalid_input'] },
    { with: async (of) => ({ ...(await webhook(of)), delivery_id: unknownId }), refused: [400, 'invalid_input'] },
    malformed('delivery_id'),
    unknown('delivery_id', 'webhook_delivery'),
    unknown('webhook_id', 'webhook', { since: '2020-01-01' }),
  ],

  '/client_sessions/create': [
    { with: none },
    { with: async (of) => ({ ...(await person(of)), user_identifier_key: unique('app'), expires_at: aYear() }) },
    { as: 'publishable', with: () => ({ user_identifier_key: unique('app') }) },
    malformed('user_identity_id'),
    { with: { expires_at: 'tomorrow' }, refused: [400, 'invalid_input', 'expires_at'] },
    {
      on: ['POST'],
      with: async (of) => ({ user_identifier_key: (await of.session()).user_identifier_key }),
      refused: [400, 'client_session_token_already_exists'],
    },
    { on: ['PUT'], with: async (of) => ({ user_identifier_key: (await of.session()).user_identifier_key }) },
  ],
  '/client_sessions/get_or_create': [
    { with: () => ({ user_identifier_key: unique('app') }) },
    { as: 'publishable', with: () => ({ user_identifier_key: unique('app') }) },
    malformed('user_identity_id'),
  ],
  '/client_sessions/get': [
    { with: session },
    { as: 'session', with: none },
    malformed('client_session_id'),
    unknown('client_session_id', 'client_session'),
  ],
  '/client_sessions/list': [
    { with: async (of) => (await of.session(), none) },
    { with: async (of) => ({ user_identity_id: (await of.session()).user_identity_id }) },
    { with: { without_user_identifier_key: true } },
  ],
  '/client_sessions/grant_access': [
    { with: async (of) => ({ ...(await session(of)), ...(await person(of)) }) },
    unknown('client_session_id', 'client_session', { user_identity_id: unknownId }),
  ],
  '/client_sessions/revoke': [{ with: session }, missing('client_session_id'), unknown('client_session_id', 'client_session')],
  '/client_sessions/delete': [{ with: session }, missing('client_session_id'), unknown('client_session_id', 'client_session')],

  '/user_identities/create': [
    { with: none },
    { with: () => ({ user_identity_key: unique('p'), full_name: 'Ann', email_address: `${unique('p')}@example.com` }) },
    { with: { full_name: null, email_address: null, phone_number: null, user_identity_key: null } },
    { with: { email_address: 'nope' }, refused: [400, 'invalid_input', 'email_address'] },
    { with: { full_name: '' }, refused: [400, 'invalid_input', 'full_name'] },
    { with: async (of) => ({ user_identity_key: (await of.person()).user_identity_key }), refused: [400, 'user_identity_already_exists'] },
  ],
  '/user_identities/get': [
    { with: person },
    { with: async (of) => ({ user_identity_key: (await of.person()).user_identity_key }) },
    malformed('user_identity_id'),
    unknown('user_identity_id', 'user_identity'),
  ],
  '/user_identities/list': [
    { with: async (of) => (await of.person(), none) },
    { with: { limit: 1 } },
    { with: { search: 'a', created_before: aYear() } },
    { as: 'session', with: none },
    { with: { page_cursor: '***' }, refused: [400, 'invalid_input', 'page_cursor'] },
  ],
  '/user_identities/update': [
    { with: async (of) => ({ ...(await person(of)), full_name: 'Renamed', phone_number: null }) },
    missing('user_identity_id'),
    unknown('user_identity_id', 'user_identity', { full_name: 'x' }),
  ],
  '/user_identities/set_password': [
    { as: 'console', with: async (of) => ({ ...(await person(of)), password: 'correct horse' }) },
    { as: 'console', with: async (of) => ({ ...(await person(of)), password: 'short' }), refused: [400, 'invalid_input', 'password'] },
  ],
  '/user_identities/delete': [{ with: person }, missing('user_identity_id'), unknown('user_identity_id', 'user_identity')],
  '/user_identities/list_accessible_devices': [
    { with: async (of) => ({ user_identity_id: (await of.phone()).owner }) },
    missing('user_identity_id'),
  ],
  '/user_identities/list_accessible_entrances': [{ with: person }, missing('user_identity_id'), unknown('user_identity_id', 'user_identity')],
  '/user_identities/list_acs_systems': [{ with: person }, missing('user_identity_id'), unknown('user_identity_id', 'user_identity')],
  '/user_identities/list_acs_users': [{ with: person }, missing('user_identity_id'), unknown('user_identity_id', 'user_identity')],
  '/user_identities/add_acs_user': [acsUser, missing('acs_user_id')],
  '/user_identities/remove_acs_user': [acsUser, missing('acs_user_id')],
  '/user_identities/enrollment_automations/launch': [
    { with: async (of) => ({ ...(await person(of)), credential_manager_acs_system_id: unknownId }), refused: [404, 'acs_system_not_found'] },
    missing('credential_manager_acs_system_id'),
  ],
  '/user_identities/enrollment_automations/get': [unknown('enrollment_automation_id', 'enrollment_automation')],
  '/user_identities/enrollment_automations/list': [{ with: person }, unknown('user_identity_id', 'user_identity')],
  '/user_identities/enrollment_automations/delete': [unknown('enrollment_automation_id', 'enrollment_automation')],
  '/user_identities/unmanaged/get': [{ with: person, refused: [404, 'user_identity_not_found'] }, missing('user_identity_id')],
  '/user_identities/unmanaged/list': [{ with: none }, { with: { limit: 1, search: 'a', created_before: aYear() } }],
  '/user_identities/unmanaged/update': [
    { with: async (of) => ({ ...(await person(of)), is_managed: true }), refused: [404, 'user_identity_not_found'] },
    missing('user_identity_id'),
  ],
  '/user_identities/grant_access_to_device': [{ with: async (of) => ({ ...(await person(of)), ...(await phone(of)) }) }, missing('device_id')],
  '/user_identities/revoke_access_to_device': [{ with: async (of) => ({ ...(await person(of)), ...(await phone(of)) }) }, missing('device_id')],
  '/user_identities/merge': [
    {
      with: async (of) => ({ ...(await person(of)), merged_user_identity_ids: [(await of.person()).user_identity_id] }),
    },
  ],
  '/user_identities/generate_instant_key': [
    { with: person },
    { with: async (of) => ({ ...(await person(of)), max_use_count: 3 }) },
    missing('user_identity_id'),
    unknown('user_identity_id', 'user_identity'),
    { with: async (of) => ({ ...(await person(of)), max_use_count: 0 }), refused: [400, 'invalid_input', 'max_use_count'] },
    { with: async (of) => ({ ...(await person(of)), customization_profile_id: unknownId }), refused: [404, 'customization_profile_not_found'] },
  ],
  '/user_identities/deactivate_phones': [
    { with: async (of) => ({ user_identity_id: (await of.phone()).owner, dry_run: true }) },
    { with: async (of) => ({ user_identity_id: (await of.phone()).owner }) },
    missing('user_identity_id'),
    unknown('user_identity_id', 'user_identity'),
  ],

  '/acs/credentials/create': [
    { with: async (of) => of.credentialParams() },
    { with: async (of) => ({ ...(await of.credentialParams()), is_multi_phone_sync_credential: true, starts_at: '2026-01-01T00:00:00Z', ends_at: aYear() }) },
    missing('access_method'),
    { with: { access_method: 'magic', user_identity_id: unknownId }, refused: [400, 'invalid_input', 'access_method'] },
  ],
  '/acs/credentials/get': [
    { with: credential },
    missing('acs_credential_id'),
    malformed('acs_credential_id'),
    unknown('acs_credential_id', 'acs_credential'),
  ],
  '/acs/credentials/list': [
    { with: async (of) => (await of.credential(), none) },
    { with: async (of) => ({ user_identity_id: (await of.credential()).user_identity_id }) },
    { with: { is_multi_phone_sync_credential: true, limit: 2 } },
    { as: 'session', with: none },
  ],
  '/acs/credentials/update': [
    { with: async (of) => ({ ...(await credential(of)), ends_at: aYear() }) },
    { with: async (of) => ({ ...(await credential(of)), ends_at: '2020-01-01T00:00:00Z' }), refused: [400, 'invalid_input'] },
    { with: async (of) => ({ ...(await credential(of)), code: '1234' }), refused: [400, 'invalid_input'] },
    missing('acs_credential_id'),
    unknown('acs_credential_id', 'acs_credential'),
  ],
  '/acs/credentials/delete': [{ with: credential }, missing('acs_credential_id'), unknown('acs_credential_id', 'acs_credential')],
  '/acs/credentials/assign': [
    { with: async (of) => ({ ...(await of.unassignedCredential()), ...(await person(of)) }) },
    { with: async (of) => ({ ...(await credential(of)), ...(await person(of)) }), refused: [400, 'acs_credential_already_assigned'] },
    { with: credential, refused: [400, 'invalid_input'] },
    missing('acs_credential_id'),
    unknown('acs_credential_id', 'acs_credential', { acs_user_id: unknownId }),
  ],
  '/acs/credentials/unassign': [
    {
      with: async (of) => {
        const { acs_credential_id, user_identity_id } = await of.credential()
        return { acs_credential_id, user_identity_id }
      },
    },
    { with: async (of) => ({ ...(await credential(of)), ...(await person(of)) }), refused: [400, 'acs_credential_not_assigned'] },
    missing('acs_credential_id'),
  ],
  '/acs/credentials/list_accessible_entrances': [
    { with: credential },
    missing('acs_credential_id'),
    unknown('acs_credential_id', 'acs_credential'),
  ],
  '/acs/credentials/create_offline_code': [
    missing('acs_user_id'),
    unknown('acs_user_id', 'acs_user', { allowed_acs_entrance_id: unknownId }),
  ],
  '/acs/credentials/unmanaged/get': [
    { with: credential, refused: [404, 'acs_credential_not_found'] },
    missing('acs_credential_id'),
  ],
  '/acs/credentials/unmanaged/list': [{ with: async (of) => ({ user_identity_id: (await of.credential()).user_identity_id }) }, { with: none }],

  '/devices/get': [
    { with: phone },
    { as: 'session', with: async (of) => ({ device_id: (await of.phoneOfSession()).device_id }) },
    malformed('device_id'),
    unknown('device_id', 'device'),
  ],
  '/devices/list': [
    { with: async (of) => (await of.phone(), none) },
    { with: { limit: 1 } },
    { with: { device_types: ['ios_phone', 'android_phone'], search: 'sam', created_before: aYear() } },
    { with: { custom_metadata_has: { floor: '3', spare: true } } },
    { as: 'session', with: none },
    malformed('connected_account_id'),
  ],
  '/devices/update': [
    { with: async (of) => ({ ...(await phone(of)), name: 'Desk', custom_metadata: { floor: '3', spare: true } }) },
    { with: async (of) => ({ ...(await phone(of)), properties: { name: 'Hall' } }) },
    missing('device_id'),
    unknown('device_id', 'device', { name: 'x' }),
    { with: async (of) => ({ ...(await phone(of)), custom_metadata: { 'a.b': 'x' } }), refused: [400, 'invalid_input'] },
  ],
  '/devices/delete': [{ with: phone }, missing('device_id'), unknown('device_id', 'device')],
  '/devices/list_device_providers': [
    { with: none },
    { with: { provider_category: 'stable' } },
    { as: 'session', with: none },
    { with: { provider_category: 'phones' }, refused: [400, 'invalid_input', 'provider_category'] },
  ],
  '/devices/report_provider_metadata': [
    { with: async (of) => ({ devices: [await phone(of)] }) },
    { with: async (of) => ({ devices: [{ ...(await phone(of)), schlage_metadata: { time_zone: 'Europe/Paris' } }] }), refused: [400, 'invalid_input'] },
    { with: { devices: [{ device_id: unknownId }] }, refused: [404, 'device_not_found'] },
    missing('devices'),
  ],
  '/devices/simulate/connect': [
    { with: async (of) => of.disconnectedPhone() },
    { with: phone },
    missing('device_id'),
    unknown('device_id', 'device'),
    { as: 'production', with: { device_id: unknownId }, refused: [400, 'workspace_not_sandbox'] },
  ],
  '/devices/simulate/disconnect': [{ with: phone }, missing('device_id'), unknown('device_id', 'device')],
  '/devices/simulate/remove': [
    { with: phone },
    { with: async (of) => ({ device_id: (await of.deactivatedPhone()).device_id }), refused: [404, 'device_not_found'] },
    missing('device_id'),
    unknown('device_id', 'device'),
  ],
  '/devices/simulate/connect_to_hub': [{ with: phone, refused: [400, 'invalid_input'] }, unknown('device_id', 'device')],
  '/devices/simulate/disconnect_from_hub': [{ with: phone, refused: [400, 'invalid_input'] }, unknown('device_id', 'device')],
  '/devices/simulate/paid_subscription': [
    { with: async (of) => ({ ...(await phone(of)), is_expired: true }), refused: [400, 'invalid_input'] },
    missing('device_id'),
    unknown('device_id', 'device', { is_expired: true }),
  ],
  '/devices/unmanaged/get': [{ with: phone, refused: [404, 'device_not_found'] }, { with: none, refused: [400, 'invalid_input'] }],
  '/devices/unmanaged/list': [{ with: none }, { with: { limit: 1, search: 'sam' } }, malformed('connected_account_id')],
  '/devices/unmanaged/update': [
    { with: async (of) => ({ ...(await phone(of)), is_managed: true }), refused: [404, 'device_not_found'] },
    missing('device_id'),
  ],

  '/action_attempts/get': [
    { with: async (of) => ({ action_attempt_id: (await of.actionAttempt()).action_attempt_id }), last: true },
    missing('action_attempt_id'),
    unknown('action_attempt_id', 'action_attempt'),
  ],
  '/action_attempts/list': [
    { with: none },
    { with: { limit: 1, action_attempt_ids: [unknownId] } },
    { with: { page_cursor: '***' }, refused: [400, 'invalid_input', 'page_cursor'] },
  ],

  '/instant_keys/get': [
    { with: async (of) => ({ instant_key_id: (await of.instantKey()).instant_key_id }) },
    { with: async (of) => ({ instant_key_url: (await of.instantKey()).instant_key_url }) },
    { with: none, refused: [400, 'invalid_input'] },
    unknown('instant_key_id', 'instant_key'),
  ],
  '/instant_keys/list': [{ with: none }, { with: person }],
  '/instant_keys/delete': [
    { with: async (of) => ({ instant_key_id: (await of.instantKey()).instant_key_id }) },
    missing('instant_key_id'),
    unknown('instant_key_id', 'instant_key'),
  ],

  '/workspaces/get': [{ with: none }, { as: 'session', with: none }],
  '/workspaces/list': [{ with: none }, { as: 'member', with: none }, { as: 'session', with: none }],
  '/workspaces/create': [
    { as: 'member', with: () => ({ name: unique('w'), is_sandbox: true, connect_partner_name: 'Partner' }) },
    { as: 'member', with: none, refused: [400, 'invalid_input', 'name'] },
  ],
  '/workspaces/update': [{ with: () => ({ name: unique('w'), connect_webview_customization: { primary_button_color: '#232426' } }) }],
  '/workspaces/find_anything': [
    { with: async (of) => ({ search: (await of.phone()).device_id }) },
    { with: async (of) => ({ search: (await of.event()).event_id }) },
    { with: async (of) => ({ search: (await of.session()).client_session_id }) },
    { with: async (of) => ({ search: (await of.credential()).acs_credential_id }) },
    { with: async (of) => ({ search: (await of.instantKey()).instant_key_id }) },
    { with: { search: unknownId } },
    missing('search'),
    malformed('search'),
  ],
  '/workspaces/customization_profiles/get': [
    missing('customization_profile_id'),
    unknown('customization_profile_id', 'customization_profile'),
  ],
  '/workspaces/customization_profiles/list': [{ with: none }],
  '/workspaces/customization_profiles/update': [
    missing('customization_profile_id'),
    unknown('customization_profile_id', 'customization_profile'),
  ],
  '/workspaces/reset_sandbox': [{ with: none, last: true }, { as: 'production', with: none, refused: [400, 'workspace_not_sandbox'] }],

  '/seam/mobile_sdk/v1/phone_sessions/get_or_create': [
    {
      as: 'session',
      with: () => ({
        custom_sdk_installation_id: unique('installation'),
        phone_os: 'android',
        phone_device_metadata: { manufacturer: 'Google', model: 'Pixel 9', os_version: '16' },
      }),
    },
    { as: 'session', with: none, refused: [400, 'invalid_input', 'phone_os'] },
  ],
  '/seam/mobile_sdk/v1/report_salto_space_audit_trail': [
    {
      as: 'session',
      with: { acs_system_id: unknownId, salto_space_metadata: { justin_mobile_sdk_audit_trail_data: 'AAAA' } },
      refused: [404, 'acs_system_not_found'],
    },
    { as: 'session', with: none, refused: [400, 'invalid_input', 'acs_system_id'] },
  ],

  '/seam/mobile_sdk/v1/acs/credentials/list': [{ as: 'session', with: none }],
  '/seam/instant_key/v1/client_sessions/exchange_short_code': [
    { as: 'anonymous', with: async (of) => ({ short_code: shortCode(await of.instantKey()) }) },
    { as: 'anonymous', ...missing('short_code') },
    { as: 'anonymous', with: { short_code: 'nope' }, refused: [404, 'instant_key_not_found'] },
  ],
  '/seam/instant_key/v1/preview/get': [
    { as: 'anonymous', with: async (of) => ({ instant_key_url: shortCode(await of.instantKey()) }) },
    { as: 'anonymous', with: async (of) => ({ instant_key_url: (await of.instantKey()).instant_key_url }) },
    { as: 'anonymous', ...missing('instant_key_url') },
    { as: 'anonymous', with: { instant_key_url: 'nope' }, refused: [404, 'instant_key_not_found'] },
  ],

  '/health': [{ as: 'anonymous', with: none }],
  '/health/get_health': [{ as: 'anonymous', with: none }],
}

/** Routes without which the clients have nothing to speak to. */
export const expected = Object.keys(calls)
