namespace ConntrackOperator.Netfilter.Matching;

/// <summary>
/// What one direction of an ICMP or ICMPv6 entry must have; nothing given is no condition. Only messages that ask for an answer have
/// entries of their own: echo (types 8 and 128), time stamp (13), information (15), address mask (17), node information (139).
/// </summary>
/// <param name="Type">The type, as the original direction or the answer has it.</param>
/// <param name="Code">The code.</param>
/// <param name="Id">The identifier.</param>
public readonly record struct IcmpMatch(byte? Type = null, byte? Code = null, ushort? Id = null)
{
    /// <summary>Whether no condition is given.</summary>
    public bool IsEmpty => Type is null && Code is null && Id is null;

    /// <summary>Whether a tuple, which must be one of ICMP or ICMPv6, has what is given.</summary>
    internal bool Matches(byte type, byte code, ushort id) => (Type ?? type) == type && (Code ?? code) == code && (Id ?? id) == id;
}
