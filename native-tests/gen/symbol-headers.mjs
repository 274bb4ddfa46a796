/**
 * Which constants of the headers are taken: those that strace prints for a whole argument, by how their names begin. One
 * group is one translation unit; a name belongs to the group that gives it the kernel's value (libc's <fcntl.h> has
 * O_LARGEFILE as 0 on 64-bit machines, so open's flags are the kernel's header's).
 */
const starting = (words) => new RegExp(`^(?:${words.trim().split(/\s+/).join('|')})`);

export const GROUPS = [
  {
    // What the kernel keeps outside its user-space headers, and libc repeats.
    headers:
      'sys/socket.h sys/mount.h sys/swap.h sys/eventfd.h sys/signalfd.h sys/epoll.h sys/inotify.h sys/timerfd.h linux/vm_sockets.h',
    take: starting('AF_ PF_ SOCK_ MSG_ SOL_ SO_ SHUT_ MNT_ UMOUNT_ SWAP_FLAG_ EFD_ SFD_ IN_ EPOLL TFD_'),
  },
  {
    headers: `linux/fcntl.h linux/mman.h linux/sched.h linux/prctl.h linux/capability.h linux/securebits.h
      linux/personality.h linux/seccomp.h linux/ptrace.h linux/keyctl.h linux/bpf.h linux/kcmp.h asm/prctl.h
      linux/resource.h linux/time.h linux/futex.h linux/signal.h linux/wait.h linux/mount.h linux/memfd.h
      linux/membarrier.h linux/fadvise.h linux/falloc.h linux/fanotify.h linux/close_range.h linux/landlock.h
      linux/io_uring.h linux/reboot.h linux/kexec.h linux/module.h linux/ipc.h linux/shm.h linux/sem.h linux/msg.h
      linux/mempolicy.h linux/stat.h linux/xattr.h linux/pidfd.h linux/perf_event.h linux/userfaultfd.h linux/elf.h
      linux/in.h linux/in6.h linux/tcp.h linux/udp.h linux/netlink.h linux/if_packet.h linux/if_ether.h linux/can.h
      linux/if_alg.h linux/random.h linux/fs.h linux/quota.h linux/ioprio.h`,
    take: starting(`O_ __O_ FASYNC F_ AT_ FD_ LOCK_ PROT_ MAP_ MADV_ MS_ MCL_ MLOCK_ MREMAP_ PKEY_ CLONE_ SCHED_ PR_ CAP_ SECBIT_
      PER_ ADDR_ UNAME26 FDPIC_FUNCPTRS MMAP_PAGE_ZERO READ_IMPLIES_EXEC SHORT_INODE WHOLE_SECONDS STICKY_TIMEOUTS
      SECCOMP_ PTRACE_ KEYCTL_ KEY_SPEC_ KCMP_ ARCH_ RLIMIT_ RUSAGE_ PRIO_ CLOCK_ ITIMER_ TIMER_ FUTEX_ SIG W[A-Z]+$
      __W P_ MOVE_MOUNT_ FSOPEN_ FSCONFIG_ FSMOUNT_ FSPICK_ OPEN_TREE_ MOUNT_ATTR_ MFD_ MEMBARRIER_CMD_ POSIX_FADV_
      FALLOC_ FAN_ CLOSE_RANGE_ LANDLOCK_(CREATE|RULE)_ IORING_(REGISTER|UNREGISTER|ENTER)_ LINUX_REBOOT_ KEXEC_
      MODULE_INIT_ IPC_ SHM_ SEM_ GETPID$ GETVAL$ GETALL$ GETNCNT$ GETZCNT$ SETVAL$ SETALL$ MSG_(STAT|INFO|NOERROR|EXCEPT|COPY)
      MPOL_ S_I STATX_ XATTR_ PIDFD_ PERF_FLAG_ UFFD_USER NT_ IPPROTO_ IP_ IPV6_ MCAST_ TCP_ UDP_ NETLINK_ PACKET_ ETH_P_
      CAN_ ALG_SET_ SO_VM_ GRND_ SEEK_ RENAME_ RWF_ USRQUOTA GRPQUOTA PRJQUOTA Q_ SYNC_FILE_RANGE_ IOPRIO_
      BPF_(MAP_(CREATE|LOOKUP|UPDATE|DELETE|GET|FREEZE)|PROG_(LOAD|ATTACH|DETACH|TEST_RUN|RUN|GET|QUERY|BIND_MAP)|OBJ_|RAW_TRACEPOINT_OPEN|BTF_(LOAD|GET)|TASK_FD_QUERY|LINK_(CREATE|UPDATE|GET|DETACH)|ENABLE_STATS|ITER_CREATE)`),
    skip: /^(\w+_(MAX|MIN|SZ|LEN|BITS|MASK)$|XATTR_\w+_(LEN|SZ)|TCP_(NLA|CA|FLAG|BPF|MD5SIG_)|FAN_EVENT_|STATX_ATTR|ETH_P_802_3_MIN|CLONE_ARGS|SIG(STKSZ|EV_|_DFL|_IGN|_ERR)|P_ALL_|S_I[RWX]|ADDR_NO_RAND$|PTRACE_SYSEMU_MASK)|_SHIFTED$/,
  },
  {
    // Requests of ioctl: the lists of numbers, and whatever is defined by _IO, _IOR, _IOW.
    headers: `linux/ioctl.h sys/ioctl.h asm/termbits.h asm/ioctls.h linux/sockios.h linux/fs.h linux/kd.h linux/vt.h linux/loop.h
      linux/kvm.h linux/if_tun.h linux/fiemap.h linux/nsfs.h linux/rtc.h linux/watchdog.h linux/vhost.h linux/fuse.h
      linux/uinput.h linux/input.h linux/hidraw.h linux/dm-ioctl.h linux/btrfs.h linux/fscrypt.h linux/fsverity.h
      linux/msdos_fs.h linux/ppp-ioctl.h linux/userfaultfd.h linux/udmabuf.h linux/dma-buf.h linux/dma-heap.h
      linux/vfio.h linux/nbd.h linux/random.h linux/seccomp.h linux/perf_event.h linux/gpio.h linux/i2c-dev.h
      linux/usbdevice_fs.h linux/auto_fs.h linux/cdrom.h linux/blkzoned.h linux/rfkill.h linux/tee.h linux/tiocl.h
      linux/magic.h`,
    take: starting(`TC[A-Z]+ TIOC[A-Z] FIO[A-Z]+ SIOC[A-Z] KD[A-Z] KI?OC GIO_ PIO_ VT_ LOOP_ BLK[A-Z]+ FI(BMAP|GETBSZ|FREEZE|THAW|TRIM|CLONE|DEDUPE)
      FS_IOC NBD_[A-Z_]+ CDROM[A-Z_]+ I2C_ _IOC_(NONE|READ|WRITE|TYPESHIFT|SIZESHIFT|DIRSHIFT|NRSHIFT)$`),
    /** Also those whose definition says so. */
    takeDefinedBy: /_IO(R|W|WR|C)?(_BAD)?\s*\(/,
    skip: /^(TIOC(M_|PKT_|SER_TEMT|L_)|VT_(AUTO|PROCESS|ACKACQ|EVENT|TRACE)|LOOP_(CTL_)?(SET_(STATUS_)?(SETTABLE|CLEARABLE)|CONFIGURE_)|TCP_|TC(I|O)?(OFF|ON|FLUSH)$|NBD_(FLAG|CFLAG|CMD|REPLY|REQUEST)|I2C_(M|FUNC|SMBUS|RDWR_IOCTL)_|CDROM_(LBA|MSF|DATA|AUDIO|LEADOUT|GET_CAP))/,
  },
];

/** The kernel's, in no header for programs: 'NAME value', with the header that has it. */
export const BY_HAND =
  // Linux v6.1 include/linux/splice.h
  'SPLICE_F_MOVE 1 SPLICE_F_NONBLOCK 2 SPLICE_F_MORE 4 SPLICE_F_GIFT 8 ' +
  // include/linux/socket.h, include/linux/swap.h
  'SOL_IP 0 SOL_TCP 6 SOL_UDP 17 SOL_IPV6 41 SOL_ICMPV6 58 SOL_SCTP 132 SOL_UDPLITE 136 ' +
  'SWAP_FLAG_DISCARD_ONCE 131072 SWAP_FLAG_DISCARD_PAGES 262144 ' +
  // include/uapi/linux/stat.h, which hides them from libc's programs; POSIX's access(2), and its name of SCHED_NORMAL
  'S_IFSOCK 49152 S_IFLNK 40960 S_IFREG 32768 S_IFBLK 24576 S_IFDIR 16384 S_IFCHR 8192 S_IFIFO 4096 S_ISUID 2048 ' +
  'S_ISGID 1024 S_ISVTX 512 F_OK 0 X_OK 1 W_OK 2 R_OK 4 SCHED_OTHER 0 ' +
  // include/linux/syslog.h
  'SYSLOG_ACTION_CLOSE 0 SYSLOG_ACTION_OPEN 1 SYSLOG_ACTION_READ 2 SYSLOG_ACTION_READ_ALL 3 ' +
  'SYSLOG_ACTION_READ_CLEAR 4 SYSLOG_ACTION_CLEAR 5 SYSLOG_ACTION_CONSOLE_OFF 6 SYSLOG_ACTION_CONSOLE_ON 7 ' +
  'SYSLOG_ACTION_CONSOLE_LEVEL 8 SYSLOG_ACTION_SIZE_UNREAD 9 SYSLOG_ACTION_SIZE_BUFFER 10 ' +
  // Newer than the headers: Linux v6.3 include/uapi/linux/memfd.h, prctl.h
  'MFD_NOEXEC_SEAL 8 MFD_EXEC 16 PR_SET_MDWE 65 PR_GET_MDWE 66 ' +
  // strace's spelling of PTRACE_PEEKUSR and PTRACE_POKEUSR
  'PTRACE_PEEKUSER 3 PTRACE_POKEUSER 6';

/**
 * Per table of calls: who compiles for it. loongarch64 has no compiler in Debian 12: its user-space headers are the
 * generic ones, as riscv64's are, but for what concerns registers (no PTRACE_* of its own is taken).
 */
export const COMPILERS = {
  x86_64: 'x86_64-linux-gnu-gcc',
  i386: 'i686-linux-gnu-gcc',
  x32: 'x86_64-linux-gnu-gcc -mx32 -idirafter /usr/include/x86_64-linux-gnu',
  arm: 'arm-linux-gnueabihf-gcc',
  aarch64: 'aarch64-linux-gnu-gcc',
  mips: 'mips-linux-gnu-gcc',
  mips64: 'mips64el-linux-gnuabi64-gcc',
  mips64n32: 'mips64el-linux-gnuabi64-gcc -mabi=n32',
  ppc: 'powerpc64-linux-gnu-gcc -m32',
  ppc64: 'powerpc64le-linux-gnu-gcc',
  s390: 's390x-linux-gnu-gcc -m31',
  s390x: 's390x-linux-gnu-gcc',
  riscv64: 'riscv64-linux-gnu-gcc',
  parisc: 'hppa-linux-gnu-gcc',
  parisc64: 'hppa64-linux-gnu-gcc',
  m68k: 'm68k-linux-gnu-gcc',
  sh: 'sh4-linux-gnu-gcc',
};
