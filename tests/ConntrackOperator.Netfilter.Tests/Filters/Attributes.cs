using System.Buffers.Binary;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>Netlink attributes by type, read without the code under test.</summary>
internal sealed class Attributes
{
    private readonly Dictionary<int, byte[]> _values = [];

    internal Attributes(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 4)
        {
            var length = BitConverter.ToUInt16(bytes);
            Assert.InRange(length, 4, bytes.Length);
            _values[BitConverter.ToUInt16(bytes[2..]) & 0x3FFF] = bytes[4..length].ToArray();
            bytes = bytes[Math.Min((length + 3) & ~3, bytes.Length)..];
        }
    }

    internal bool Has(int type) => _values.ContainsKey(type);

    internal Attributes Nested(int type) => new(_values.GetValueOrDefault(type, []));

    internal byte[] Bytes(int type) => _values[type];

    internal ushort Short(int type) => BinaryPrimitives.ReadUInt16BigEndian(_values[type]);

    internal uint Long(int type) => BinaryPrimitives.ReadUInt32BigEndian(_values[type]);

    internal uint MachineOrder(int type) => _values.TryGetValue(type, out var value) ? BitConverter.ToUInt32(value) : 0;
}
