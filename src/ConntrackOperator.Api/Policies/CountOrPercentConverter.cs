using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>Reads a number of nodes or a share of them.</summary>
public sealed class CountOrPercentConverter()
    : NumberOrTextConverter<CountOrPercent>("a number of nodes", CountOrPercent.Of, CountOrPercent.Of, value => (value.Count, value.Text));
