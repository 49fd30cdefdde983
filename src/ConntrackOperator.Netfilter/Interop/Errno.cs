using System.Runtime.InteropServices;

namespace ConntrackOperator.Netfilter.Interop;

/// <summary>The error numbers that this project tells apart, and how it words them.</summary>
internal static class Errno
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EIO = 5;
    internal const int EAGAIN = 11;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int EBUSY = 16;
    internal const int ENOTDIR = 20;
    internal const int EINVAL = 22;
    internal const int EROFS = 30;
    internal const int ERANGE = 34;
    internal const int EPROTO = 71;
    internal const int EBADMSG = 74;
    internal const int EMSGSIZE = 90;
    internal const int EPROTONOSUPPORT = 93;
    internal const int EOPNOTSUPP = 95;
    internal const int EAFNOSUPPORT = 97;
    internal const int ENOBUFS = 105;
    internal const int ETIMEDOUT = 110;

    /// <summary>The C library's words for <paramref name="errno"/>, with its name where it is one of ours.</summary>
    internal static string Describe(int errno)
    {
        var words = Marshal.GetPInvokeErrorMessage(errno);
        return Name(errno) is { } name
            ? $"{words} ({name})"
            : $"{words} (errno {errno})";
    }

    private static string? Name(int errno) => errno switch
    {
        EPERM => nameof(EPERM),
        ENOENT => nameof(ENOENT),
        EINTR => nameof(EINTR),
        EIO => nameof(EIO),
        EAGAIN => nameof(EAGAIN),
        ENOMEM => nameof(ENOMEM),
        EACCES => nameof(EACCES),
        EBUSY => nameof(EBUSY),
        ENOTDIR => nameof(ENOTDIR),
        EINVAL => nameof(EINVAL),
        EROFS => nameof(EROFS),
        ERANGE => nameof(ERANGE),
        EPROTO => nameof(EPROTO),
        EBADMSG => nameof(EBADMSG),
        EMSGSIZE => nameof(EMSGSIZE),
        EPROTONOSUPPORT => nameof(EPROTONOSUPPORT),
        EOPNOTSUPP => nameof(EOPNOTSUPP),
        EAFNOSUPPORT => nameof(EAFNOSUPPORT),
        ENOBUFS => nameof(ENOBUFS),
        ETIMEDOUT => nameof(ETIMEDOUT),
        _ => null,
    };
}
