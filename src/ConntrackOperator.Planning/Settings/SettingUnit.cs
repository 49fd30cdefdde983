namespace ConntrackOperator.Planning.Settings;

/// <summary>What a setting's number means.</summary>
public enum SettingUnit
{
    /// <summary>A plain number: entries, buckets, expectations, retransmissions.</summary>
    Number,

    /// <summary>Seconds.</summary>
    Seconds,

    /// <summary>0 or 1.</summary>
    Flag,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>One of a few named numbers.</summary>
    Choice,
}
