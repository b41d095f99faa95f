{
  'targets': [
    {
      'target_name': 'packet_path',
      'sources': [
        'binding.cc',
        'errors.cc',
        'file-lock.cc',
        'message-vector.cc',
        'packet-path.cc',
        'raw.cc',
        'tun.cc',
        'udp.cc',
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
