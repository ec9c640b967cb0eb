namespace Audit.Api.Intake;

/// <summary>
/// What lies between receipts that are ready and a client that reads them when it likes: some memory, and beyond it a
/// file that is gone with the request. Writing never waits.
/// </summary>
internal sealed class ReceiptSpool(string directory) : IDisposable
{
    /// <summary>How much is read, and sent, at once.</summary>
    public const int PieceLength = 64 << 10;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim more = new(0);
    private byte[] pending = [];
    private int pendingBytes;
    private FileStream? file;
    private long fileRead;
    private long fileWritten;
    private bool ended;
    private bool abandoned;

    /// <summary>The client is so far behind that the stream must end.</summary>
    public bool IsFull
    {
        get
        {
            lock (gate)
            {
                return fileWritten - fileRead > IntakeLimits.ReceiptBytesInFile;
            }
        }
    }

    /// <summary>How long all of it is, where nothing more comes and one piece holds it.</summary>
    public int? Length
    {
        get
        {
            lock (gate)
            {
                return ended && fileWritten == fileRead && pendingBytes <= PieceLength ? pendingBytes : null;
            }
        }
    }

    public void Write(ReadOnlySpan<byte> receipts)
    {
        lock (gate)
        {
            if (abandoned || receipts.IsEmpty)
            {
                return;
            }

            // Once there is something in the file, all that follows must go there too, until it has been read.
            if (fileWritten > fileRead || pendingBytes + receipts.Length > IntakeLimits.ReceiptBytesInMemory)
            {
                WriteToFile(receipts);
            }
            else
            {
                WriteToMemory(receipts);
            }
        }

        more.Release();
    }

    /// <summary>Nothing more will be written.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
        }

        more.Release();
    }

    /// <summary>Nobody reads any more: what is written from now on is dropped.</summary>
    public void Abandon()
    {
        lock (gate)
        {
            abandoned = true;
            pendingBytes = 0;
        }
    }

    /// <summary>The next receipts, in order; empty when there are none for ever.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(Memory<byte> into, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryRead(into, out var read))
            {
                return into[..read];
            }

            await more.WaitAsync(cancellation);
        }
    }

    public void Dispose()
    {
        file?.Dispose();
        more.Dispose();
    }

    /// <returns>False when one must wait.</returns>
    private bool TryRead(Memory<byte> into, out int read)
    {
        lock (gate)
        {
            read = pendingBytes > 0 ? ReadFromMemory(into) : fileWritten > fileRead ? ReadFromFile(into) : 0;
            return read > 0 || ended;
        }
    }

    private int ReadFromMemory(Memory<byte> into)
    {
        var read = Math.Min(into.Length, pendingBytes);
        pending.AsSpan(0, read).CopyTo(into.Span);
        pending.AsSpan(read, pendingBytes - read).CopyTo(pending);
        pendingBytes -= read;
        return read;
    }

    private int ReadFromFile(Memory<byte> into)
    {
        var read = RandomAccess.Read(file!.SafeFileHandle, into.Span, fileRead);
        fileRead += read;
        if (fileRead == fileWritten)
        {
            fileRead = fileWritten = 0;
            file.SetLength(0);
        }

        return read;
    }

    private void WriteToMemory(ReadOnlySpan<byte> receipts)
    {
        if (pendingBytes + receipts.Length > pending.Length)
        {
            var doubled = Math.Min(2 * pending.Length, IntakeLimits.ReceiptBytesInMemory);
            Array.Resize(ref pending, Math.Max(pendingBytes + receipts.Length, doubled));
        }

        receipts.CopyTo(pending.AsSpan(pendingBytes));
        pendingBytes += receipts.Length;
    }

    private void WriteToFile(ReadOnlySpan<byte> receipts)
    {
        file ??= OpenFile();
        RandomAccess.Write(file.SafeFileHandle, receipts, fileWritten);
        fileWritten += receipts.Length;
    }

    private FileStream OpenFile()
    {
        var options = new FileStreamOptions
        {
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose,
            BufferSize = 0,
        };
        var opened = OwnerOnly.Create(Path.Combine(directory, $"receipts-{Guid.NewGuid():N}"), options);
        if (!OperatingSystem.IsWindows())
        {
            // Without a name it is gone even when the process is killed.
            File.Delete(opened.Name);
        }

        return opened;
    }
}
