using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>Reads a protocol's number or name.</summary>
public sealed class ProtocolValueConverter()
    : NumberOrTextConverter<ProtocolValue>("a protocol", ProtocolValue.Of, ProtocolValue.Of, value => (value.Number, value.Text));
