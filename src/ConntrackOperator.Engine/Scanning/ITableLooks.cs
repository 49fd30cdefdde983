using ConntrackOperator.Netfilter.Survey;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>The table, to be looked into.</summary>
internal interface ITableLooks
{
    /// <summary>Looks at the first entries.</summary>
    /// <param name="survey">Gets them too; null: nobody asks who does what.</param>
    /// <exception cref="Netfilter.Netlink.NetlinkException">The table can't be read.</exception>
    TableLook Sample(TrafficSurvey? survey);

    /// <summary>Prepares a look at every entry, which the returned function then takes, on whichever thread.</summary>
    /// <param name="survey">Gets them too, and nobody else may use it meanwhile; null: nobody asks who does what.</param>
    /// <returns>
    /// Null when the hash table was resized meanwhile: some entries may have been seen twice and others never. Throws as
    /// <see cref="Sample"/>, and when it is cancelled.
    /// </returns>
    Func<CancellationToken, TableLook?> Count(TrafficSurvey? survey);
}
