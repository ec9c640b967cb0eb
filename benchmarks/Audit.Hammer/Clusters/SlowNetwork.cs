using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Audit.Hammer.Nodes;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Clusters;

/// <summary>
/// A network for each node, and one for this machine, on a switch that holds each frame back for a while and drops some:
/// what `netem` does, also where the kernel is without it.
/// </summary>
internal sealed class SlowNetwork : IDisposable
{
    private const int LongestFrame = 2048, AddressBytes = 6, LookMilliseconds = 200;
    private const int OpenReadWrite = 2, AskForInterface = 0x400454ca;
    private const short Tap = 2, WithoutHead = 0x1000, Readable = 1;

    private readonly string mark = $"{Environment.ProcessId % 0xFFFF:x}{Random.Shared.Next(256):x2}";
    private readonly string block = $"10.{Random.Shared.Next(200, 250)}.{Random.Shared.Next(1, 250)}";
    private readonly BlockingCollection<(long Due, int To, byte[] Frame)> held = [];
    private readonly List<Thread> threads = [];
    private readonly TimeSpan delay;
    private readonly double loss;
    private readonly int[] ports;
    private volatile bool isOver;
    private long frames, dropped;

    /// <param name="delay">Of each frame, one way.</param>
    /// <param name="loss">The share of the frames that is dropped.</param>
    private SlowNetwork(int nodes, TimeSpan delay, double loss) =>
        (ports, this.delay, this.loss) = (new int[nodes + 1], delay, loss);

    /// <summary>The address of this machine.</summary>
    public string Here => AddressOf(0);

    public string Dropped => $"{dropped} of {frames} frames dropped";

    public static SlowNetwork Make(int nodes, TimeSpan delay, double loss, ulong seed)
    {
        var made = new SlowNetwork(nodes, delay, loss);
        try
        {
            made.Open(seed);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    public string There(int node) => AddressOf(node + 1);

    /// <summary>What starts a program at a node's place.</summary>
    public IReadOnlyList<string> Within(int node) => ["ip", "netns", "exec", PlaceOf(node + 1)];

    /// <summary>There and back, in the median of some.</summary>
    public async Task<TimeSpan> RoundTripAsync()
    {
        using var ping = new Ping();
        var took = new List<TimeSpan>();
        for (var count = 0; count < 40; count++)
        {
            var clock = Stopwatch.StartNew();
            if ((await ping.SendPingAsync(There(0), 1_000)).Status == IPStatus.Success)
            {
                took.Add(clock.Elapsed);
            }
        }

        return took.Order().ElementAt(took.Count / 2);
    }

    public void Dispose()
    {
        isOver = true;
        held.CompleteAdding();
        threads.ForEach(thread => thread.Join());
        held.Dispose();
        foreach (var (place, port) in ports.Index())
        {
            // Who made it holds it; it goes with the last who does.
            _ = port > 0 ? Close(port) : 0;
            _ = place > 0 ? NetworkNamespace.Run("netns", "del", PlaceOf(place)) : null;
        }
    }

    private string AddressOf(int place) => $"{block}.{place + 1}";

    private string PlaceOf(int place) => $"audit-{mark}-s{place}";

    private void Open(ulong seed)
    {
        for (var place = 0; place < ports.Length; place++)
        {
            var name = $"au{mark}t{place}";
            ports[place] = OpenTap(name);
            NetworkNamespace.Require("link", "set", name, "address", $"02:5e:00:00:00:{place + 1:x2}");
            string[] there = [];
            if (place > 0)
            {
                NetworkNamespace.Require("netns", "add", PlaceOf(place));
                NetworkNamespace.Require("link", "set", name, "netns", PlaceOf(place));
                there = ["-n", PlaceOf(place)];
                NetworkNamespace.Require([.. there, "link", "set", "lo", "up"]);
            }

            NetworkNamespace.Require([.. there, "addr", "add", $"{AddressOf(place)}/24", "dev", name]);
            NetworkNamespace.Require([.. there, "link", "set", name, "up"]);
        }

        for (var place = 0; place < ports.Length; place++)
        {
            var (from, chance) = (place, new Random((int)(seed + (ulong)place)));
            Begin(() => Take(from, chance));
        }

        Begin(Pass);
    }

    private void Begin(Action work)
    {
        var thread = new Thread(() => work()) { IsBackground = true };
        thread.Start();
        threads.Add(thread);
    }

    private void Take(int from, Random chance)
    {
        var buffer = new byte[LongestFrame];
        while (!isOver)
        {
            var asked = new Asked { File = ports[from], Events = Readable };
            if (Poll(ref asked, 1, LookMilliseconds) <= 0
                || Read(ports[from], buffer, LongestFrame) is var length && length < 2 * AddressBytes)
            {
                continue;
            }

            Interlocked.Increment(ref frames);
            if (chance.NextDouble() < loss)
            {
                Interlocked.Increment(ref dropped);
                continue;
            }

            var frame = buffer[..(int)length];
            var due = Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency);
            // Whom nobody knows, and all, is whoever is there.
            var isToAll = (frame[0] & 1) == 1;
            var to = frame[AddressBytes - 1] - 1;
            for (var place = 0; place < ports.Length; place++)
            {
                if (place != from && (isToAll || place == to) && !held.IsAddingCompleted)
                {
                    held.TryAdd((due, place, frame));
                }
            }
        }
    }

    /// <summary>All are held for as long: they are due in the order in which they came.</summary>
    private void Pass()
    {
        foreach (var (due, to, frame) in held.GetConsumingEnumerable())
        {
            while (due - Stopwatch.GetTimestamp() is > 0 and var left)
            {
                // The kernel wakes nobody much before a millisecond is over.
                Thread.Sleep(left > Stopwatch.Frequency / 500 ? 1 : 0);
            }

            _ = Write(ports[to], frame, frame.Length);
        }
    }

    private static int OpenTap(string name)
    {
        var file = OpenFile("/dev/net/tun", OpenReadWrite);
        var asked = new byte[40];
        System.Text.Encoding.ASCII.GetBytes(name, asked);
        BitConverter.TryWriteBytes(asked.AsSpan(16), (short)(Tap | WithoutHead));
        return file >= 0 && Control(file, AskForInterface, asked) >= 0
            ? file : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static extern int Control(int file, nuint request, byte[] argument);

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int Poll(ref Asked asked, nuint count, int milliseconds);

    [DllImport("libc", EntryPoint = "read")]
    private static extern nint Read(int file, byte[] buffer, nint length);

    [DllImport("libc", EntryPoint = "write")]
    private static extern nint Write(int file, byte[] buffer, nint length);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int file);

    private struct Asked
    {
        public int File;
        public short Events, Returned;
    }
}
