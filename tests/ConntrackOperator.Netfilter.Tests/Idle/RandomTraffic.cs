using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>
/// Random exchanges between two ends, a step at a time: all that can make the kernel arm another time-out than one expects.
/// </summary>
internal sealed class RandomTraffic : IDisposable
{
    internal const int PlainPort = 5001;
    internal const int ObjectPort = 5002;
    internal const int PolicyPort = 5003;
    internal const int SilentPort = 5004;

    private const int MostConnections = 120;
    private const int TcpReset = 0x04;

    private readonly NatPath _path;
    private readonly PacketTap _tap;
    private readonly Random _random;
    private readonly byte[] _buffer = new byte[128 * 1024];
    private readonly Dictionary<int, Socket> _listeners = [];
    private readonly List<Pair> _tcp = [];
    private readonly List<Socket> _udp = [];
    private readonly Socket _udpServer;
    private readonly List<EndPoint> _udpClients = [];
    private readonly Socket _raw;

    internal RandomTraffic(NatPath path, PacketTap tap, Random random)
    {
        _path = path;
        _tap = tap;
        _random = random;
        foreach (var port in (int[])[PlainPort, ObjectPort, PolicyPort])
        {
            _listeners.Add(port, path.Listen(port));
        }

        _udpServer = path.Socket(path.Server, ProtocolType.Udp);
        _udpServer.Bind(new IPEndPoint(NatPath.ServerAddress, PlainPort));
        _raw = path.Client.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp) { Blocking = false });

        // A SYN that nobody answers.
        NatPath.Deafen(path.Server, SilentPort);
    }

    /// <summary>How often each kind of step was taken.</summary>
    internal Dictionary<string, int> Steps { get; } = [];

    internal void Step()
    {
        foreach (var (port, listener) in _listeners)
        {
            while (listener.Poll(0, SelectMode.SelectRead) && Try(() => listener.Accept()) is { } accepted)
            {
                accepted.Blocking = false;
                var there = (IPEndPoint)accepted.RemoteEndPoint!;
                if (_tcp.Find(p => p.Server is null && p.Port == port && p.ClientPort == there.Port) is { } pair)
                {
                    pair.Server = accepted;
                }
                else
                {
                    accepted.Dispose();
                }
            }
        }

        AnswerUdp();
        var dice = _random.Next(100);
        if (dice < 12 && _tcp.Count < MostConnections)
        {
            Count("connect", Connect);
        }
        else if (dice < 20)
        {
            Count("udp", SendUdp);
        }
        else if (_tcp.Count > 0)
        {
            var pair = _tcp[_random.Next(_tcp.Count)];
            switch (dice)
            {
                case < 45:
                    Count("send", () => Send(pair, _random.Next(2) == 0, _random.Next(1, 2000)));
                    break;
                case < 53:
                    // More than both buffers take: data in flight, and a window of 0 where nobody reads.
                    Count("flood", () => Send(pair, _random.Next(2) == 0, 4 << 20));
                    break;
                case < 80:
                    Count("read", () => Read(pair, _random.Next(2) == 0, _random.Next(1, _buffer.Length)));
                    break;
                case < 84:
                    Count("half-close", () => Do(_random.Next(2) == 0 ? pair.Client : pair.Server, s => s.Shutdown(SocketShutdown.Send)));
                    break;
                case < 87:
                    Count("close", () => End(pair, abort: false));
                    break;
                case < 89:
                    Count("abort", () => End(pair, abort: true));
                    break;
                case < 93:
                    Count("odd reset", () => OddReset(pair));
                    break;
                case < 95:
                    Count("deafen", () => Deafen(pair));
                    break;
                default:
                    break;
            }
        }
    }

    public void Dispose()
    {
        _tcp.ForEach(p => p.Dispose());
        _udp.ForEach(s => s.Dispose());
        _udpServer.Dispose();
        _raw.Dispose();
        foreach (var listener in _listeners.Values)
        {
            listener.Dispose();
        }
    }

    private static T? Try<T>(Func<T> function)
        where T : class
    {
        try
        {
            return function();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static void Do(Socket? socket, Action<Socket> action)
    {
        try
        {
            if (socket is not null)
            {
                action(socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Would block, or is closed: nothing happens then, which is a step too.
        }
    }

    private void Count(string name, Action step)
    {
        Steps[name] = Steps.GetValueOrDefault(name) + 1;
        step();
    }

    private void Connect()
    {
        var port = _random.Next(10) switch { 0 => SilentPort, 1 or 2 => ObjectPort, 3 or 4 => PolicyPort, _ => PlainPort };
        var client = _path.Socket(_path.Client, ProtocolType.Tcp);
        if (_random.Next(2) == 0)
        {
            client.ReceiveBufferSize = 4096;
        }

        client.Bind(new IPEndPoint(IPAddress.Any, 0));
        Do(client, s => s.Connect(new IPEndPoint(NatPath.ServerAddress, port)));
        _tcp.Add(new Pair(client, port, ((IPEndPoint)client.LocalEndPoint!).Port));
    }

    private void Send(Pair pair, bool fromClient, int bytes) => Do(fromClient ? pair.Client : pair.Server, s =>
    {
        for (var sent = 0; sent < bytes;)
        {
            sent += s.Send(_buffer, 0, Math.Min(_buffer.Length, bytes - sent), SocketFlags.None);
        }
    });

    private void Read(Pair pair, bool byClient, int bytes) =>
        Do(byClient ? pair.Client : pair.Server, s => s.Receive(_buffer, 0, bytes, SocketFlags.None));

    private void End(Pair pair, bool abort)
    {
        _tcp.Remove(pair);
        var first = _random.Next(2) == 0 ? pair.Client : pair.Server;
        if (abort && first is not null)
        {
            first.LingerState = new LingerOption(true, 0);
            first.Dispose();
        }

        pair.Dispose();
    }

    /// <summary>
    /// A RST in the window that is not the next in sequence: the connection goes on, and the entry has but a few seconds.
    /// </summary>
    private void OddReset(Pair pair)
    {
        var (server, client) = (FlowAddress.V4(0x0a610202), FlowAddress.V4(0x0a610102));
        if (_tap.Direction(6, server, (ushort)pair.Port, client, (ushort)pair.ClientPort) is not { Acknowledged: { } next })
        {
            return;
        }

        var segment = new byte[20];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)pair.ClientPort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)pair.Port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), next + 2);
        segment[12] = 5 << 4;
        segment[13] = TcpReset;
        var sum = 6 + segment.Length;
        foreach (var word in (int[])[0x0a61, 0x0102, 0x0a61, 0x0202])
        {
            sum += word;
        }

        for (var i = 0; i < segment.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(i));
        }

        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), (ushort)~sum);
        Do(_raw, s => s.SendTo(segment, new IPEndPoint(NatPath.ServerAddress, 0)));
    }

    /// <summary>The client hears nothing any more: what the server sends is sent again and again.</summary>
    private void Deafen(Pair pair)
    {
        NatPath.Deafen(_path.Client, pair.ClientPort);
        Send(pair, fromClient: false, 3000);
    }

    private void SendUdp()
    {
        if (_udp.Count < 30)
        {
            var socket = _path.Socket(_path.Client, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            _udp.Add(socket);
        }

        Do(_udp[_random.Next(_udp.Count)], s => s.SendTo(_buffer.AsSpan(0, 20), new IPEndPoint(NatPath.ServerAddress, PlainPort)));
    }

    private void AnswerUdp()
    {
        var from = (EndPoint)new IPEndPoint(IPAddress.Any, 0);
        while (_udpServer.Available > 0)
        {
            Do(_udpServer, s => s.ReceiveFrom(_buffer, ref from));
            if (_random.Next(3) > 0)
            {
                _udpClients.Add(from);
            }
        }

        if (_udpClients.Count > 0 && _random.Next(3) == 0)
        {
            Do(_udpServer, s => s.SendTo(_buffer.AsSpan(0, 20), _udpClients[_random.Next(_udpClients.Count)]));
        }
    }

    private sealed class Pair(Socket client, int port, int clientPort) : IDisposable
    {
        public Socket Client => client;

        public Socket? Server { get; set; }

        public int Port => port;

        public int ClientPort => clientPort;

        public void Dispose()
        {
            client.Dispose();
            Server?.Dispose();
        }
    }
}
