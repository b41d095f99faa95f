{
  'targets': [
    {
      'target_name': 'packet_path',
      'sources': [
        'binding.cc',
        'capabilities.cc',
        'confine.cc',
        'errors.cc',
        'every-thread.cc',
        'file-lock.cc',
        'host-binding.cc',
        'message-vector.cc',
        'napi-values.cc',
        'packet-path.cc',
        'privilege-binding.cc',
        'raw.cc',
        'system-call-filter.cc',
        'tun.cc',
        'udp.cc',
        'unix-datagram.cc',
        'users.cc',
      ],
      'defines': ['NAPI_VERSION=8'],
      'cflags_cc': [
        '-std=c++17',
        '-O2',
        '-Wall',
        '-Wextra',
        '-Wshadow',
        '-Wnull-dereference',
        '-fvisibility=hidden',
        '-fno-rtti',
      ],
      # V8's own switch for its headers; nothing here includes them.
      'cflags_cc!': ['-O3'],
    },
  ],
}
