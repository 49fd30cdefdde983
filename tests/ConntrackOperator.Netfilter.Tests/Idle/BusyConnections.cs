using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>Connections through a router that are in use, each kind in its way, and some that are not.</summary>
internal sealed class BusyConnections(NatPath path, Socket listener, Socket udpServer) : IDisposable
{
    private const int ClientBufferBytes = 8192;

    private readonly List<Connection> _all = [];
    private readonly List<Socket> _idle = [];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private long _spoke = TimeProvider.System.GetTimestamp();

    internal int Count => _all.Count;

    /// <summary>The longest time in which some connection may have said nothing.</summary>
    internal TimeSpan LongestPause { get; private set; }

    internal void Open(string kind, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (client, server) = Connect(kind is "slow reader" or "window 0");
            if (kind == "half closed")
            {
                client.Shutdown(SocketShutdown.Send);
            }

            _all.Add(new Connection(kind, client, server));
            Speak(_all[^1]);
        }
    }

    internal void OpenUdp(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var client = path.Socket(path.Client, ProtocolType.Udp);
            client.Connect(NatPath.ServerAddress, ((IPEndPoint)udpServer.LocalEndPoint!).Port);
            _all.Add(new Connection("udp", client, null));
            Speak(_all[^1]);
        }
    }

    /// <summary>Opens connections that say one thing and then nothing.</summary>
    internal int Idle(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (client, server) = Connect(small: false);
            client.Send(_buffer, 0, 10, SocketFlags.None);
            Receive(server);
            _idle.AddRange([client, server]);
        }

        return count;
    }

    internal void Speak()
    {
        var begun = TimeProvider.System.GetTimestamp();
        foreach (var connection in _all)
        {
            Speak(connection);
        }

        NotePause();
        _spoke = begun;
    }

    /// <summary>Counts the time since the first one last spoke.</summary>
    internal void NotePause()
    {
        var pause = TimeProvider.System.GetElapsedTime(_spoke);
        LongestPause = pause > LongestPause ? pause : LongestPause;
    }

    /// <summary>Asks every connection for a word from the other end, and names those that do not get it.</summary>
    internal List<string> Lost()
    {
        var lost = new List<string>();
        foreach (var connection in _all.Where(c => c.Broken is not null))
        {
            lost.Add($"{connection.Kind}: {connection.Broken}");
        }

        lost.AddRange(Stuck());
        foreach (var connection in _all.Where(c => c is { Broken: null, Floods: false }))
        {
            // Answers may still lie there.
            Drain(connection.Client);
            if (connection.Server is null)
            {
                connection.Client.Send(_buffer, 0, 10, SocketFlags.None);
                AnswerUdp(connection.Client);
            }
            else
            {
                connection.Server.Send(_buffer, 0, 10, SocketFlags.None);
            }

            if (!connection.Client.Poll(TimeSpan.FromSeconds(90), SelectMode.SelectRead) || Receive(connection.Client) == 0)
            {
                lost.Add($"{connection.Kind}: no answer");
            }
        }

        return lost;
    }

    public void Dispose()
    {
        foreach (var connection in _all)
        {
            connection.Client.Dispose();
            connection.Server?.Dispose();
        }

        _idle.ForEach(s => s.Dispose());
    }

    private void Speak(Connection connection)
    {
        try
        {
            switch (connection.Kind)
            {
                case "udp":
                    connection.Client.Send(_buffer, 0, 10, SocketFlags.None);
                    AnswerUdp(null);
                    Drain(connection.Client);
                    break;
                case "chat":
                    connection.Client.Send(_buffer, 0, 10, SocketFlags.None);
                    Receive(connection.Server!);
                    connection.Server!.Send(_buffer, 0, 10, SocketFlags.None);
                    Receive(connection.Client);
                    break;
                case "half closed":
                    connection.Server!.Send(_buffer, 0, 100, SocketFlags.None);
                    Receive(connection.Client);
                    break;
                default:
                    // As much as goes in: data is in flight all the time, or the window is 0.
                    Fill(connection.Server!);
                    if (connection.Kind == "slow reader")
                    {
                        connection.Client.Receive(_buffer, 0, 3000, SocketFlags.None);
                    }
                    else
                    {
                        // What is read opens the window just a little, now and then.
                        connection.Client.Receive(_buffer, 0, 1, SocketFlags.None);
                        connection.Client.Send(_buffer, 0, 1, SocketFlags.None);
                        Receive(connection.Server!);
                    }

                    break;
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            // Nothing to read just now, or no room.
        }
        catch (SocketException e)
        {
            connection.Broken ??= e.SocketErrorCode.ToString();
        }
    }

    private void Fill(Socket socket)
    {
        try
        {
            while (socket.Send(_buffer, SocketFlags.None) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            // Full.
        }
    }

    /// <summary>Those that don't bring more than can lie at the client's end already.</summary>
    private IEnumerable<string> Stuck()
    {
        var begun = TimeProvider.System.GetTimestamp();
        var waiting = _all.Where(c => c is { Broken: null, Floods: true }).ToDictionary(c => c, _ => ClientBufferBytes * 6);
        while (waiting.Count > 0 && TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(90))
        {
            foreach (var connection in waiting.Keys.ToArray())
            {
                Fill(connection.Server!);
                if ((waiting[connection] -= Receive(connection.Client)) <= 0)
                {
                    waiting.Remove(connection);
                }
            }

            Thread.Sleep(1);
        }

        return waiting.Keys.Select(c => $"{c.Kind}: nothing more comes");
    }

    private void Drain(Socket socket)
    {
        while (Receive(socket) > 0)
        {
        }
    }

    private void AnswerUdp(Socket? awaited)
    {
        do
        {
            while (udpServer.Available > 0)
            {
                EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                udpServer.ReceiveFrom(_buffer, ref from);
                udpServer.SendTo(_buffer.AsSpan(0, 10), from);
            }
        }
        while (awaited is not null && !awaited.Poll(TimeSpan.FromMilliseconds(5), SelectMode.SelectRead)
            && udpServer.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead));
    }

    private int Receive(Socket socket)
    {
        try
        {
            return socket.Receive(_buffer);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            return 0;
        }
    }

    private (Socket Client, Socket Server) Connect(bool small)
    {
        var client = path.Socket(path.Client, ProtocolType.Tcp);
        if (small)
        {
            client.ReceiveBufferSize = ClientBufferBytes;
        }

        try
        {
            client.Connect(listener.LocalEndPoint!);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // It goes on by itself.
        }

        Assert.True(listener.Poll(TimeSpan.FromSeconds(90), SelectMode.SelectRead), "no connection arrived");
        var server = listener.Accept();
        server.Blocking = false;
        server.SendBufferSize = 64 * 1024;
        Assert.True(client.Poll(TimeSpan.FromSeconds(90), SelectMode.SelectWrite), "no connection came about");
        return (client, server);
    }

    private sealed class Connection(string kind, Socket client, Socket? server)
    {
        public string Kind => kind;

        public bool Floods => kind is "slow reader" or "window 0";

        public Socket Client => client;

        public Socket? Server => server;

        public string? Broken { get; set; }
    }
}
