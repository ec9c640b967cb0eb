using Xunit;

namespace Audit.Testing;

/// <summary>A fact that needs PostgreSQL, skipped with the reason where there is none.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Unavailable;
}
