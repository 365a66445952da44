//! One view a page: what the template shows, filled in by the server.

mod account;
mod artifacts;
mod build;
mod deliveries;
mod error;
mod failures;
mod graph;
mod home;
mod layout;
mod log;
mod login;
mod panel;
pub mod paths;
mod pipeline;
mod queue;
mod registries;
mod repository;
mod rows;
mod run;
mod search;
mod settings;
mod tests;
mod timeline;

pub use account::{AccountPage, SettingRow, TokenForm, TokenRow};
pub use artifacts::{ArtifactRow, ArtifactsPage, ArtifactsView, FolderView};
pub use build::{ApprovalView, BuildPage, JobView, LeftOutView, RetryView, StepView, WarningView};
pub use deliveries::{DeliveriesPage, DeliveryPage, DeliveryRow};
pub use error::ErrorPage;
pub use failures::{FailureView, FailuresView};
pub use graph::{GraphView, Node, NodeView};
pub use home::{ActiveRow, BranchMark, HomePage, RepositoryRow};
pub use layout::{Crumb, Frame};
pub use log::{AttemptLink, ImageView, LogLine, LogView};
pub use login::LoginPage;
pub use panel::{DetailsView, Panel, PanelTab, PanelView, PushedView, UsedView};
pub use pipeline::{PipelineFile, PipelinePage};
pub use queue::{DiskView, QueuePage, RunnerRow, RunnerState, RunningJob, WaitRow};
pub use registries::RegistriesPage;
pub use repository::{FilterForm, RepositoryPage, Start, TestsHint};
pub use rows::{BuildRow, HistoryMark};
pub use run::{Field, FieldKind, RunPage};
pub use search::{LogHitView, SearchBuild, SearchPage, TestHit};
pub use settings::{
    CacheRow, CronForm, CronRow, EventBox, Problem, RegistryForm, RegistryRow, SecretForm, SecretRow, Section,
    SettingsPage, TrustSwitch,
};
pub use tests::{
    BuildTestsPage, CaseView, Choice, CoverageView, RunView, TestPage, TestRowView, TestsPage, TestsView,
    sign as outcome_sign, took,
};
pub use timeline::{BarView, TickView, TimelineRow, TimelineView};
