# refuse.pl CALL… -- COMMAND…: runs COMMAND, to which the kernel refuses these system calls (seccomp(2)), as a file system
# does that lacks them: flock with ENOLCK, link with EPERM. A preloaded library would not see calls made past libc.
use strict;
use POSIX ();
my $machine = (POSIX::uname())[4];
my %numbers = (
  x86_64 => { arch => 0xC000003E, prctl => 157, flock => [73], link => [86, 265] },
  aarch64 => { arch => 0xC00000B7, prctl => 167, flock => [32], link => [37] },
);
my $table = $numbers{$machine} or die "no system call numbers for $machine\n";
my %errors = (flock => 37, link => 1);
my @program = (pack("SCCL", 0x20, 0, 0, 4), pack("SCCL", 0x15, 1, 0, $table->{arch}), pack("SCCL", 0x06, 0, 0, 0x7fff0000));
push @program, pack("SCCL", 0x20, 0, 0, 0);
while (defined(my $call = shift @ARGV)) {
  last if $call eq "--";
  for my $number (@{ $table->{$call} or die "unknown call $call\n" }) {
    push @program, pack("SCCL", 0x15, 0, 1, $number), pack("SCCL", 0x06, 0, 0, 0x00050000 | $errors{$call});
  }
}
push @program, pack("SCCL", 0x06, 0, 0, 0x7fff0000);
my $code = join("", @program);
my $description = pack("S x![P] P", scalar(@program), $code);
# PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
syscall($table->{prctl}, 38, 1, 0, 0, 0) == 0 or die "prctl: $!\n";
syscall($table->{prctl}, 22, 2, $description) == 0 or die "seccomp: $!\n";
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
